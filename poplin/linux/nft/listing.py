"""What nftables has, whoever made it: the chains that packets pass, the sets of a table (linux/netfilter/nf_tables.h).

    NFTA_CHAIN_HOOK    └ NFTA_HOOK_HOOKNUM, _PRIORITY     only chains at a hook have it
    NFTA_CHAIN_POLICY  what becomes of a packet that no rule of such a chain decides about
    NFTA_SET_KEY_TYPE  numbers of libnftables' types, of a concatenation 6 bits each

No plugin needs this: it is for who looks at the whole host.
"""

from __future__ import annotations

import sys

from poplin.linux.netlink import Request, list_attributes, text_attribute, unpack_attributes, unpack_text
from poplin.linux.nft.elements import NFTA_DATA_VALUE, Set
from poplin.linux.nft.kinds import ADDRESS4, ADDRESS6, IFNAME, MAC, PORT, PROTOCOL
from poplin.linux.nft.presence import FAMILIES, NFNL_SUBSYS_NFTABLES, header
from poplin.linux.nft.rules import (
    NFT_MSG_GETCHAIN,
    NFTA_CHAIN_NAME,
    NFTA_CHAIN_TABLE,
    NFTA_DATA_VERDICT,
    NFTA_EXPR_DATA,
    NFTA_EXPR_NAME,
    NFTA_RULE_EXPRESSIONS,
    list_rules,
)
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.nft.kinds import Kind
    from poplin.linux.nft.rules import Chain
    from poplin.linux.nft.ruleset import NetfilterSocket

NFT_MSG_GETSET = NFNL_SUBSYS_NFTABLES | 10

NFTA_CHAIN_HOOK = 4
NFTA_CHAIN_POLICY = 5
NFTA_HOOK_HOOKNUM = 1
NFTA_HOOK_PRIORITY = 2
NFTA_SET_TABLE = 1
NFTA_SET_NAME = 2
NFTA_SET_FLAGS = 3
NFTA_SET_KEY_TYPE = 4
NFTA_SET_DATA_TYPE = 6
NFTA_VERDICT_CODE = 1
NFT_SET_ANONYMOUS = 1
NF_DROP, NF_ACCEPT = 0, 1  # linux/netfilter.h
FORWARD = 2  # NF_INET_FORWARD, and NF_BR_FORWARD too

# Where an expression has bits of a mark: NFTA_CMP_DATA, NFTA_BITWISE_MASK, and NFTA_MATCH_INFO of iptables' own.
MARK_PLACES = {"cmp": 3, "bitwise": 4, "match": 3}
NFTA_IMMEDIATE_DATA = 2
TYPE_BITS = 6
TYPES = {7: ADDRESS4, 8: ADDRESS6, 9: MAC, 12: PROTOCOL, 13: PORT, 41: IFNAME}  # datatype.h of libnftables
FAMILY_NAMES = {number: name for name, number in FAMILIES.items()}


class BaseChain(Record):
    """A chain at a hook: its table, as `ip filter`, and what becomes of what its rules do not decide."""

    __slots__ = ("hook", "name", "policy", "priority", "table")

    def __init__(self, table: str, name: str, hook: int, priority: int, policy: int) -> None:
        self.table = table
        self.name = name
        self.hook = hook
        self.priority = priority
        self.policy = policy

    def __str__(self) -> str:
        return f"{self.table} {self.name}"


def list_base_chains(socket: NetfilterSocket, hook: int) -> list[BaseChain]:
    """The chains of every family and table at a hook of this number. As `nft list chains`. Raises NetlinkError."""
    found = [unpack_base_chain(body) for body in dump_chains(socket)]
    return list({str(each): each for each in found if each and each.hook == hook}.values())


def list_chain_names(socket: NetfilterSocket, table: str) -> set[str]:
    """The names of all chains of a table; none if there is no such table. Raises NetlinkError."""
    return {name for body in dump_chains(socket) for owner, name in [name_chain(body)] if owner == table}


def list_sets(socket: NetfilterSocket, table: str) -> list[Set]:
    """The named sets and maps of a table whose types we know. As `nft list sets`. Raises NetlinkError."""
    family, name = table.split()
    body = header(family) + text_attribute(NFTA_SET_TABLE, name)
    request = Request(NFT_MSG_GETSET, 0, body, f"nft list sets {table}")
    found = [unpack_set(table, body) for body in socket.dump(request)]
    return list({each.name: each for each in found if each}.values())


def lets_mark_pass(socket: NetfilterSocket, chain: Chain, mark: int) -> bool:
    """Whether a rule of the chain looks at these bits of the mark and accepts. Raises NetlinkError."""
    bits = mark.to_bytes(4, sys.byteorder)
    return any(accepts_mark(body, bits) for body in socket.dump(list_rules(chain)))


# From bytes.


def dump_chains(socket: NetfilterSocket) -> list[bytes]:
    """Every chain of every table."""
    return socket.dump(Request(NFT_MSG_GETCHAIN, 0, header(""), "nft list chains"))


def name_chain(body: bytes) -> tuple[str, str]:
    """(table, name) of a chain."""
    parts = unpack_attributes(body[4:])
    family = FAMILY_NAMES.get(body[0], str(body[0]))
    return f"{family} {unpack_text(parts[NFTA_CHAIN_TABLE])}", unpack_text(parts[NFTA_CHAIN_NAME])


def unpack_base_chain(body: bytes) -> BaseChain | None:
    """The chain in the body of an NFT_MSG_NEWCHAIN; None for one at no hook."""
    parts = unpack_attributes(body[4:])
    if NFTA_CHAIN_HOOK not in parts:
        return None
    hook = unpack_attributes(parts[NFTA_CHAIN_HOOK])
    priority = int.from_bytes(hook[NFTA_HOOK_PRIORITY], "big", signed=True)
    policy = int.from_bytes(parts.get(NFTA_CHAIN_POLICY, b"\1"), "big")
    return BaseChain(*name_chain(body), int.from_bytes(hook[NFTA_HOOK_HOOKNUM], "big"), priority, policy)


def unpack_set(table: str, body: bytes) -> Set | None:
    """The set in the body of an NFT_MSG_NEWSET; None for one without name, or of a type we have nothing of."""
    parts = unpack_attributes(body[4:])
    if int.from_bytes(parts.get(NFTA_SET_FLAGS, b""), "big") & NFT_SET_ANONYMOUS:
        return None
    key = find_kinds(int.from_bytes(parts.get(NFTA_SET_KEY_TYPE, b""), "big"))
    data = find_kinds(int.from_bytes(parts.get(NFTA_SET_DATA_TYPE, b""), "big"))
    return None if key is None or data is None else Set(table, unpack_text(parts[NFTA_SET_NAME]), key, data)


def find_kinds(number: int) -> tuple[Kind, ...] | None:
    """The types that a number stands for; None if we do not know one."""
    kinds: list[Kind] = []
    while number:
        kind = TYPES.get(number & (1 << TYPE_BITS) - 1)
        if kind is None:
            return None
        kinds.insert(0, kind)
        number >>= TYPE_BITS
    return tuple(kinds)


def accepts_mark(body: bytes, bits: bytes) -> bool:
    """Whether the rule in the body of an NFT_MSG_NEWRULE has these bits of a mark in it, and accepts."""
    has_bits = accepts = False
    for _, expression in list_attributes(unpack_attributes(body[4:]).get(NFTA_RULE_EXPRESSIONS, b"")):
        parts = unpack_attributes(expression)
        name, data = unpack_text(parts.get(NFTA_EXPR_NAME)), unpack_attributes(parts.get(NFTA_EXPR_DATA, b""))
        found = data.get(MARK_PLACES.get(name, 0), b"")
        if name == "match":
            has_bits = has_bits or bits in (found[:4], found[4:8])  # struct xt_mark_mtinfo1: mark, mask
        elif name in MARK_PLACES:
            has_bits = has_bits or unpack_attributes(found).get(NFTA_DATA_VALUE) == bits
        elif name == "immediate":
            verdict = unpack_attributes(data.get(NFTA_IMMEDIATE_DATA, b"")).get(NFTA_DATA_VERDICT, b"")
            code = unpack_attributes(verdict).get(NFTA_VERDICT_CODE, b"")
            accepts = accepts or code == NF_ACCEPT.to_bytes(4, "big")
    return has_bits and accepts
