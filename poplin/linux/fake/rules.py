"""Routing rules in the kernel in memory, kept as the messages that tell of them."""

from __future__ import annotations

from errno import EEXIST, ENOENT

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire import rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request


def new_rule(here: Tables, request: Request) -> None:
    """RTM_NEWRULE. Raises NetlinkError (EEXIST)."""
    if find_same(here, request):
        raise NetlinkError(EEXIST, request.text)
    here.rules.append(request.body)


def delete_rule(here: Tables, request: Request) -> None:
    """RTM_DELRULE. Raises NetlinkError (ENOENT)."""
    found = find_same(here, request)
    if found is None:
        raise NetlinkError(ENOENT, request.text)
    here.rules.remove(found)


def find_same(here: Tables, request: Request) -> bytes | None:
    """The one with the same source and table."""
    wanted = rule.unpack_rule(request.body)
    return next((body for body in here.rules if is_same(rule.unpack_rule(body), wanted)), None)


def is_same(one: rule.RoutingRule, other: rule.RoutingRule) -> bool:
    """Whether both are plain and send the same packets to the same table."""
    return one.is_plain and (one.src, one.table) == (other.src, other.table)


def list_rules(here: Tables, request: Request) -> list[bytes]:
    """Those of the IP version that a dump asks for."""
    family = rule.INFO.unpack_from(request.body)[0]
    return [body for body in here.rules if rule.INFO.unpack_from(body)[0] == family]
