"""Routing rules: which table is looked into for whose packets (RTM_*RULE, linux/fib_rules.h).

fib_rule_hdr  u8 family, u8 dst_len, u8 src_len, u8 tos, u8 table, u8 res1, u8 res2, u8 action, u32 flags
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    Struct,
    attribute,
    u32_attribute,
    unpack_attributes,
    unpack_u32,
)
from poplin.linux.wire.route import PROTOCOL, RT_TABLE_UNSPEC, unpack_ip
from poplin.spec.address import Prefix
from poplin.spec.record import Record

RTM_DELRULE = 33
RTM_GETRULE = 34
RTM_NEWRULE = 32

FRA_FWMASK = 16
FRA_PRIORITY = 6
FRA_PROTOCOL = 21
FRA_SRC = 2
FRA_SUPPRESS_PREFIXLEN = 14
FRA_TABLE = 15
FR_ACT_TO_TBL = 1
# What the kernel tells of every rule that looks into a table, and what matches nothing more than `from` does.
PLAIN = {FRA_FWMASK, FRA_PRIORITY, FRA_PROTOCOL, FRA_SRC, FRA_SUPPRESS_PREFIXLEN, FRA_TABLE}
EVERYTHING = bytes([255] * 4)  # of a suppressed prefix length: none is

INFO = Struct("=BBBBBBBBI")


class RoutingRule(Record):
    """`from SRC lookup TABLE`; `is_plain` if it asks for nothing else, and only such a rule can be added or deleted
    here. `src` is None for a rule about everybody's packets."""

    __slots__ = ("is_plain", "priority", "protocol", "src", "table")

    def __init__(
        self, src: Prefix | None, table: int, *, priority: int = 0, protocol: int = PROTOCOL, is_plain: bool = True
    ) -> None:
        self.src = src
        self.table = table
        self.priority = priority
        self.protocol = protocol
        self.is_plain = is_plain


def unpack_rule(body: bytes) -> RoutingRule:
    """The record for the body of an RTM_NEWRULE."""
    _, dst_length, src_length, tos, table, _, _, action, flags = INFO.unpack_from(body)
    attributes = unpack_attributes(body[INFO.size :])
    src = Prefix(unpack_ip(attributes[FRA_SRC]), src_length) if FRA_SRC in attributes else None
    is_plain = not (dst_length or tos or flags) and action == FR_ACT_TO_TBL and src is not None
    return RoutingRule(
        src,
        unpack_u32(attributes.get(FRA_TABLE), table),
        priority=unpack_u32(attributes.get(FRA_PRIORITY)),
        protocol=attributes.get(FRA_PROTOCOL, b"\0")[0],
        is_plain=is_plain and is_plain_attributes(attributes),
    )


def is_plain_attributes(attributes: dict[int, bytes]) -> bool:
    """Whether nothing but the source decides."""
    suppressed = attributes.get(FRA_SUPPRESS_PREFIXLEN, EVERYTHING) != EVERYTHING
    return PLAIN.issuperset(attributes) and not suppressed and not unpack_u32(attributes.get(FRA_FWMASK))


def list_rules(family: int) -> Request:
    """As `ip [-6] rule show`."""
    return Request(RTM_GETRULE, 0, INFO.pack(family, 0, 0, 0, 0, 0, 0, 0, 0), f"{command(family)} show")


def add_rule(rule: RoutingRule) -> Request:
    """As `ip [-6] rule add from SRC lookup TABLE`; EEXIST if it is there."""
    return Request(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, pack_rule(rule), describe("add", rule))


def delete_rule(rule: RoutingRule) -> Request:
    """As `ip [-6] rule delete from SRC lookup TABLE`; ENOENT if it is not there."""
    return Request(RTM_DELRULE, 0, pack_rule(rule), describe("delete", rule))


def pack_rule(rule: RoutingRule) -> bytes:
    """The body of a message about a plain rule."""
    src = get_source(rule)
    table = rule.table if rule.table < 256 else RT_TABLE_UNSPEC  # larger ones only fit the attribute
    body = INFO.pack(src.ip.family, 0, src.length, 0, table, 0, 0, FR_ACT_TO_TBL, 0)
    body += attribute(FRA_SRC, src.ip.packed) + u32_attribute(FRA_TABLE, rule.table)
    if rule.priority:
        body += u32_attribute(FRA_PRIORITY, rule.priority)
    return body + attribute(FRA_PROTOCOL, bytes([rule.protocol]))


def describe(verb: str, rule: RoutingRule) -> str:
    """The words of ip(8)."""
    src = get_source(rule)
    priority = f" priority {rule.priority}" if rule.priority else ""
    return f"{command(src.ip.family)} {verb} from {src}{priority} lookup {rule.table} protocol {rule.protocol}"


def command(family: int) -> str:
    """ip(8) for one IP version."""
    return "ip rule" if family == 2 else "ip -6 rule"


def get_source(rule: RoutingRule) -> Prefix:
    """Whose packets it is about. Raises ValueError for everybody's."""
    if rule.src is None:
        raise ValueError(f"a rule about everybody's packets, to table {rule.table}, is none of ours")
    return rule.src
