"""The API without sockets, UAA and Cloud Controller: a client, and stand-ins for who decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, cast

import httpx

from poplin.controller.access.caller import Caller, Unauthenticated
from poplin.controller.access.cleaner import CleanupError
from poplin.controller.access.guard import AccessError
from poplin.controller.api.service import External
from poplin.controller.store import Store, StoreError
from poplin.policy.model import Policy, TaggedPolicy

ADMIN = {"Authorization": "Bearer admin"}
WRITER = {"Authorization": "Bearer writer"}
DEVELOPER = {"Authorization": "Bearer developer"}
CALLERS = {
    "admin": Caller("guid-of-admin", "admin", frozenset({"network.admin"})),
    "writer": Caller("guid-of-writer", "writer", frozenset({"network.write"})),
    "developer": Caller("guid-of-developer", "developer", frozenset()),
    "stranger": Caller("guid-of-stranger", "stranger", frozenset({"wrong.scope"})),
    "service": Caller("service-id", "", frozenset({"network.admin"})),
}


class Tokens:
    """Knows the callers above, each by a token that is its name."""

    def identify(self, authorization: str | None, names: Sequence[str]) -> Caller:
        """The caller of this token."""
        if authorization is None:
            raise Unauthenticated("missing authorization header")
        caller = CALLERS.get(authorization.removeprefix("Bearer ").removeprefix("bearer "))
        if caller is None:
            raise Unauthenticated("failed to verify token with uaa")
        return caller


@dataclass
class OwnApps:
    """Lets everybody change and see the policies between these apps, and remembers who asked."""

    apps: set[str] = field(default_factory=set)
    is_broken: bool = False
    asked: list[str] = field(default_factory=list)

    def may_change(self, caller: Caller, policies: Sequence[Policy]) -> bool:
        """Whether all apps are among them."""
        return all(self.has_both(caller, policy) for policy in policies)

    def visible(self, caller: Caller, policies: Sequence[TaggedPolicy]) -> list[TaggedPolicy]:
        """Those whose apps are among them."""
        return [item for item in policies if self.has_both(caller, item.policy)]

    def has_both(self, caller: Caller, policy: Policy) -> bool:
        """Whether both apps of one policy are among them."""
        self.asked.append(caller.subject)
        if self.is_broken:
            raise AccessError("getting space guids: no answer")
        return {policy.source, policy.destination} <= self.apps


@dataclass
class DeadApps:
    """Deletes the policies of these apps."""

    store: Store
    apps: set[str] = field(default_factory=set)
    is_broken: bool = False

    def clean(self) -> list[Policy]:
        """What was deleted."""
        if self.is_broken:
            raise CleanupError("get UAA token failed: no answer")
        policies = [item.policy for item in self.store.list_policies()]
        dead = [policy for policy in policies if {policy.source, policy.destination} & self.apps]
        self.store.delete_policies(dead)
        return dead


class BrokenStore:
    """A database that is gone: whatever is asked of it fails."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def fail(*arguments: object, **options: object) -> None:
            raise StoreError("connection refused; its password is s3cret")

        return fail


BROKEN = cast("Store", BrokenStore())


class Client:
    """Calls an ASGI application as if over HTTP."""

    def __init__(self, app: Any, headers: Mapping[str, str] = MappingProxyType({})) -> None:
        """`headers` go with every request."""
        self._app = app
        self._headers = headers

    def get(self, path: str, **options: Any) -> httpx.Response:
        """A GET."""
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> httpx.Response:
        """A POST; `json` or `content` is its body."""
        return self.ask("POST", path, **options)

    def put(self, path: str, **options: Any) -> httpx.Response:
        """A PUT."""
        return self.ask("PUT", path, **options)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Any method."""
        return asyncio.run(self._ask(method, path, options))

    async def _ask(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=self._headers) as client:
            return await client.request(method, path, **options)


def make_service(store: Store, **settings: Any) -> External:
    """The external interface's service with stand-ins for all that is not said."""
    parts = {"authenticator": Tokens(), "guard": OwnApps(), "cleaner": DeadApps(store)}
    return External(store=store, **{**parts, **settings})


def make_v1(source: str, destination: str, start: Any, end: Any = None, protocol: str = "tcp") -> dict[str, Any]:
    """A policy as v1 has it; without an end for one port."""
    ports = {"start": start, "end": start if end is None else end}
    return {"source": {"id": source}, "destination": {"id": destination, "protocol": protocol, "ports": ports}}


def make_v0(source: str, destination: str, port: Any, protocol: str = "tcp") -> dict[str, Any]:
    """A policy as v0 has it."""
    return {"source": {"id": source}, "destination": {"id": destination, "protocol": protocol, "port": port}}
