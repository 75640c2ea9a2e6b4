"""What the agents of the hosts ask for (cf-control-plane §2.3)."""

from __future__ import annotations

from poplin.controller.api import decode, validate
from poplin.controller.api.filters import read_agents_selection, read_page
from poplin.controller.api.message import Reply, Request
from poplin.controller.api.refusal import Refused, reported_as
from poplin.controller.api.service import Internal
from poplin.controller.api.wire import INTERNAL_V0, INTERNAL_V1, encode_groups, encode_integer, encode_tag
from poplin.controller.store.errors import TagTypeTaken


def list_policies(service: Internal, request: Request) -> Reply:
    """Policies with their tags; nothing but 304 to who has this very list. Any word but `v0` is a v1."""
    form, selection = INTERNAL_V0 if request.version == "v0" else INTERNAL_V1, read_agents_selection(request)
    with reported_as("database read failed"):
        updated = service.store.last_updated()
        mark = (("ETag", f'"{updated}"'),)
        if has_current(request, updated):
            return Reply(b"", 304, "", mark)
        return Reply(service.lists.read(form, selection, updated), headers=mark)


def has_current(request: Request, updated: int) -> bool:
    """Whether If-None-Match names this time (RFC 9110 §13.1.2)."""
    names = request.headers.get("if-none-match", "").split(",")
    return any(name.strip().removeprefix("W/") in (f'"{updated}"', "*") for name in names)


def show_last_updated(service: Internal, request: Request) -> Reply:
    """When policies were last written, in nanoseconds since 1970."""
    with reported_as("database read failed"):
        return Reply(encode_integer(service.store.last_updated()))


def list_security_groups(service: Internal, request: Request) -> Reply:
    """The groups of some spaces and those of all, by pages if asked for."""
    page = read_page(request)
    spaces = [
        space for space in (request.find_parameter("space_guids") or "").split(",") if space and "\0" not in space
    ]
    with reported_as("database read failed"):
        return Reply(encode_groups(*service.store.list_security_groups(spaces, start=page.start, limit=page.limit)))


def show_security_groups_last_updated(service: Internal, request: Request) -> Reply:
    """When security groups were last replaced, in nanoseconds since 1970."""
    with reported_as("database read failed"):
        return Reply(encode_integer(service.store.security_groups_last_updated()))


def ensure_tag(service: Internal, request: Request) -> Reply:
    """The tag of an id that is no app's; it is made if need be."""
    try:
        wanted = decode.decode_tag(request.body)
        validate.validate_tag(wanted)
    except (decode.BadBody, validate.Invalid) as error:
        raise Refused(400, f"failed parsing request body: {error}") from error
    with reported_as("database create failed"):
        try:
            return Reply(encode_tag(service.store.ensure_tag(wanted.id, wanted.type)))
        except TagTypeTaken as error:
            raise Refused(409, f"database create failed: {error}") from error
