"""What people and the command line ask for (cf-control-plane §1.5 to §1.9)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec import to_builtins

from poplin.controller.access.caller import ADMIN, Caller
from poplin.controller.api import decode, validate
from poplin.controller.api.filters import read_selection
from poplin.controller.api.message import Reply, Request
from poplin.controller.api.refusal import Refused, reported_as
from poplin.controller.api.service import External
from poplin.controller.api.wire import EXTERNAL, encode_policies, encode_removed, encode_subject, encode_tags
from poplin.controller.serve.log import ROOT
from poplin.controller.store.errors import QuotaExceeded, QuotaUnknown, TagTypeTaken
from poplin.policy.model import Policy

READERS: dict[str, tuple[Callable[[bytes], list[decode.Entry]], Sequence[validate.Check]]] = {
    "v0": (decode.decode_policies_v0, validate.CHECKS_V0),
    "v1": (decode.decode_policies_v1, validate.CHECKS_V1),
}


def list_policies(service: External, request: Request) -> Reply:
    """The policies that were asked for; for anybody but an admin those whose both apps they may see."""
    form, selection = EXTERNAL[request.version], read_selection(request)
    with reported_as("database read failed"):
        if is_admin(request.caller):
            return Reply(service.lists.read(form, selection, service.store.last_updated()))
        policies = service.store.list_policies(selection)
    with reported_as("filter policies failed"):
        return Reply(encode_policies(service.guard.visible(request.caller, policies), form))


def create_policies(service: External, request: Request) -> Reply:
    """All of them or none; one that is there already is no mistake."""
    policies = read_policies(request)
    require_access(service, request.caller, policies)
    with reported_as("database create failed"):
        try:
            service.store.create_policies(policies, quota=None if is_admin(request.caller) else service.quota)
        except QuotaExceeded as error:
            raise Refused(403, "policy quota exceeded") from error
        except QuotaUnknown:
            with reported_as("check quota failed"):
                raise
        except TagTypeTaken as error:
            raise Refused(409, f"database create failed: {error}") from error
    record("create-policies.created-policies", request.caller, policies)
    return Reply()


def delete_policies(service: External, request: Request) -> Reply:
    """Those of them that are there."""
    policies = read_policies(request)
    require_access(service, request.caller, policies)
    with reported_as("database delete failed"):
        service.store.delete_policies(policies)
    record("delete-policies.deleted-policies", request.caller, policies)
    return Reply()


def clean_up(service: External, request: Request) -> Reply:
    """Remove the policies of apps that are gone. Both versions answer in the shape of v1."""
    with reported_as("policies cleanup failed"):
        return Reply(encode_removed(service.cleaner.clean()))


def list_tags(service: External, request: Request) -> Reply:
    """Every tag that is taken."""
    with reported_as("database read failed"):
        return Reply(encode_tags(service.store.list_tags()))


def show_caller(service: External, request: Request) -> Reply:
    """Whom the server takes the caller for."""
    return Reply(encode_subject(request.caller.name or request.caller.subject))


def read_policies(request: Request) -> list[Policy]:
    """The policies of a body, every one of them valid. Raises Refused."""
    read, checks = READERS[request.version]
    try:
        return validate.validate_policies(read(request.body), checks)
    except decode.BadBody as error:
        raise Refused(400, f"mapper: unmarshal json: {error}") from error
    except validate.Invalid as error:
        raise Refused(400, f"mapper: validate policies: {error}") from error


def require_access(service: External, caller: Caller, policies: Sequence[Policy]) -> None:
    """Raise Refused unless the caller is an admin or a developer of all the apps."""
    if is_admin(caller):
        return
    with reported_as("check access failed"):
        if not service.guard.may_change(caller, policies):
            raise Refused(403, "one or more applications cannot be found or accessed")


def is_admin(caller: Caller) -> bool:
    """Who need not be asked which apps are theirs."""
    return ADMIN in caller.scopes


def record(message: str, caller: Caller, policies: Sequence[Policy]) -> None:
    """Who did what, for the log, with the original's name of the handler before it (cf-control-plane §1.10)."""
    logging.getLogger(ROOT).info(
        message, extra={"data": {"policies": to_builtins(policies), "userName": caller.name or caller.subject}}
    )
