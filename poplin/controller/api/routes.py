"""Every request each interface knows (cf-control-plane §1.2, §2.3), and how one is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from poplin.controller.access.caller import ADMIN, WRITE
from poplin.controller.api import external, health, internal
from poplin.controller.api.message import Reply, Request, make_text

VERSION = ":version"  # stands for one word of the path
PREFLIGHT = "OPTIONS"
VERSIONS = ("v0", "v1")
ADMINS = (ADMIN,)
WRITERS = (ADMIN, WRITE)
CREATE_UNREADABLE = "failed reading request body"
DELETE_UNREADABLE = "invalid request body"


class Route(Struct, frozen=True, kw_only=True):
    """One method of one path."""

    method: str
    path: str
    name: str  # of its metrics
    handle: Callable[[Any, Request], Reply]
    versions: tuple[str, ...] = ()  # none: any word will do
    scopes: tuple[str, ...] = ()  # one of them is needed; none: open to all
    for_self_service: bool = False  # whether no scope is needed where developers serve themselves
    unreadable: str = ""  # what to say if the body cannot be read; empty: it is not read


def route_policies(method: str, suffix: str, name: str, handle: Callable[..., Reply], unreadable: str = "") -> Route:
    """What admins and developers may do."""
    return Route(
        method=method,
        path=f"/networking/{VERSION}/external/policies{suffix}",
        name=name,
        handle=handle,
        versions=VERSIONS,
        scopes=WRITERS,
        for_self_service=True,
        unreadable=unreadable,
    )


def route_admin(method: str, path: str, name: str, handle: Callable[..., Reply]) -> Route:
    """What admins alone may do."""
    path = f"/networking/{VERSION}/external/{path}"
    return Route(method=method, path=path, name=name, handle=handle, versions=VERSIONS, scopes=ADMINS)


def route_agents(path: str, name: str, handle: Callable[..., Reply]) -> Route:
    """What agents read."""
    return Route(method="GET", path=f"/networking/{VERSION}/internal/{path}", name=name, handle=handle)


HEALTH = (
    Route(method="GET", path="/", name="Uptime", handle=health.show_uptime),
    Route(method="GET", path="/health", name="Health", handle=health.check_health),
)
# The order within a path is that of Access-Control-Allow-Methods.
EXTERNAL = (
    *HEALTH,
    Route(method="GET", path="/networking", name="Uptime", handle=health.show_uptime),
    route_policies("POST", "", "CreatePolicies", external.create_policies, CREATE_UNREADABLE),
    route_policies("GET", "", "PoliciesIndex", external.list_policies),
    route_policies("POST", "/delete", "DeletePolicies", external.delete_policies, DELETE_UNREADABLE),
    route_admin("POST", "policies/cleanup", "Cleanup", external.clean_up),
    route_admin("GET", "tags", "TagsIndex", external.list_tags),
    route_admin("GET", "whoami", "WhoAmI", external.show_caller),
)
INTERNAL = (
    route_agents("policies", "InternalPolicies", internal.list_policies),
    route_agents("policies_last_updated", "InternalPoliciesLastUpdated", internal.show_last_updated),
    route_agents("security_groups", "InternalSecurityGroups", internal.list_security_groups),
    route_agents(
        "security_groups_last_updated",
        "InternalSecurityGroupsLastUpdated",
        internal.show_security_groups_last_updated,
    ),
    Route(
        method="PUT",
        path="/networking/v1/internal/tags",
        name="CreateTags",
        handle=internal.ensure_tag,
        unreadable=CREATE_UNREADABLE,
    ),
)


def with_preflights(routes: Sequence[Route]) -> tuple[Route, ...]:
    """The routes, and for each path what browsers ask before a page may use it."""
    paths = dict.fromkeys(route.path for route in routes)
    return (*routes, *(Route(method=PREFLIGHT, path=path, name="", handle=answer_preflight) for path in paths))


def answer_preflight(service: object, request: Request) -> Reply:
    """Empty; what counts is in the headers."""
    return Reply(b"", media="")


def find_route(routes: Sequence[Route], method: str, path: str) -> tuple[Route, str] | Reply:
    """The route and the word of its version; else the answer that there is none: 404, or 405 for another method."""
    found = [(route, word) for route in routes if (word := find_version(route.path, path)) is not None]
    if not found:
        return make_text("404 page not found\n", 404)
    allowed = ", ".join(route.method for route, _ in found)
    missing = make_text("Method Not Allowed\n", 405, (("Allow", allowed),))
    return next(((route, word) for route, word in found if route.method == method), missing)


def find_version(template: str, path: str) -> str | None:
    """The word that stands for the version, empty if the template has none; None if the path is another."""
    if VERSION not in template:
        return "" if path == template else None
    head, _, tail = template.partition(VERSION)
    word = path.removeprefix(head).removesuffix(tail)
    return word if word and "/" not in word and path == head + word + tail else None


def list_methods(routes: Sequence[Route], path: str) -> str:
    """`POST,GET,OPTIONS`: what there is of a path."""
    return ",".join(route.method for route in routes if find_version(route.path, path) is not None)
