"""Rules that others made, as far as it takes to find some of them and to delete them (linux/netfilter/nf_tables.h).

    NFTA_RULE_TABLE, _CHAIN, _HANDLE
    NFTA_RULE_EXPRESSIONS
      └ NFTA_LIST_ELEM, one for each expression
          ├ NFTA_EXPR_NAME
          └ NFTA_EXPR_DATA    of `cmp` what a packet is compared with, of `immediate` a constant, or where to jump, of
                              iptables' own `match` its name and what that has to say, such as a comment
    NFTA_RULE_USERDATA        u8 type 0, u8 length, comment, NUL

Our own rules are text. These requests are for what the reference plugins left of one attachment, with nft or with
the nft kind of iptables: a chain by its name, and one chain's rules by comment, target and constants.
"""

from __future__ import annotations

from errno import EBUSY, ENOENT

from poplin.linux.netlink import (
    NetlinkError,
    Request,
    attribute,
    list_attributes,
    text_attribute,
    unpack_attributes,
    unpack_text,
)
from poplin.linux.nft.elements import (
    NFTA_DATA_VALUE,
    unpack_comment,
)
from poplin.linux.nft.presence import NFNL_SUBSYS_NFTABLES, header
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from poplin.linux.nft.ruleset import NetfilterSocket

NFT_MSG_GETCHAIN = NFNL_SUBSYS_NFTABLES | 4
NFT_MSG_DELCHAIN = NFNL_SUBSYS_NFTABLES | 5
NFT_MSG_GETRULE = NFNL_SUBSYS_NFTABLES | 7
NFT_MSG_DELRULE = NFNL_SUBSYS_NFTABLES | 8

NFTA_CHAIN_TABLE = 1
NFTA_CHAIN_NAME = 3
NFTA_RULE_TABLE = 1
NFTA_RULE_CHAIN = 2
NFTA_RULE_HANDLE = 3
NFTA_RULE_EXPRESSIONS = 4
NFTA_RULE_USERDATA = 7
NFTA_EXPR_NAME = 1
NFTA_EXPR_DATA = 2
NFTA_DATA_VERDICT = 2
NFTA_VERDICT_CHAIN = 2
NFTA_MATCH_NAME = 1
NFTA_MATCH_INFO = 3
OPERANDS = {"cmp": 3, "immediate": 2}  # NFTA_CMP_DATA, NFTA_IMMEDIATE_DATA
TRIES = 5  # each after somebody else's change
LONGEST_NAME = 255  # NFT_CHAIN_MAXNAMELEN - 1


class Chain(Record):
    """A chain: its table, as `ip nat`, and its name."""

    __slots__ = ("family", "name", "table")

    def __init__(self, table: str, name: str) -> None:
        self.family, self.table = table.split()
        self.name = name

    def __str__(self) -> str:
        return f"{self.family} {self.table} {self.name}"


class Rule(Record):
    """A rule: `jump` is the chain it leads to, `constants` are what it compares packets with or rewrites them to."""

    __slots__ = ("chain", "comment", "constants", "handle", "jump")

    def __init__(
        self, chain: Chain, handle: int, comment: str = "", jump: str = "", constants: tuple[bytes, ...] = ()
    ) -> None:
        self.chain = chain
        self.handle = handle
        self.comment = comment
        self.jump = jump
        self.constants = constants


def find_chains(socket: NetfilterSocket, chains: Sequence[Chain]) -> list[Chain]:
    """Those of these that there are, asked in one send. Raises NetlinkError."""
    requests = {get_chain(each): each for each in chains if len(each.name) <= LONGEST_NAME}
    return [requests[each] for each in socket.find_answered(list(requests))] if requests else []


def find_rules(socket: NetfilterSocket, chain: Chain) -> list[Rule]:
    """The rules of one chain; none if it is not there. Raises NetlinkError."""
    try:
        rules = [unpack_rule(chain, body) for body in socket.dump(list_rules(chain))]
    except NetlinkError as error:
        if error.errno != ENOENT:
            raise
        return []
    return list({each.handle: each for each in rules}.values())


def remove_chain(socket: NetfilterSocket, chain: Chain, entry: str, constants: Collection[bytes] = ()) -> None:
    """Delete a chain, its rules, and the rules of the chain `entry` that lead to it. Raises NetlinkError.

    With `constants` only those that lead to it and have one of these; the chain stays if others lead there too.
    """
    for tries_left in reversed(range(TRIES)):
        if not find_chains(socket, [chain]):
            return
        jumps = [
            each
            for each in find_rules(socket, Chain(f"{chain.family} {chain.table}", entry))
            if each.jump == chain.name
        ]
        gone = [each for each in jumps if not constants or not set(constants).isdisjoint(each.constants)]
        requests = [delete_rule(each) for each in gone]
        if len(gone) == len(jumps):
            requests += [flush_chain(chain), delete_chain(chain)]
        try:
            socket.transact(requests)
            return
        except NetlinkError as error:
            if not tries_left or error.errno not in (ENOENT, EBUSY):
                raise


def remove_rules(socket: NetfilterSocket, rules: Sequence[Rule]) -> None:
    """Delete these; some may be gone already. Raises NetlinkError."""
    for rule in rules:
        try:
            socket.transact([delete_rule(rule)])
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise


# Requests.


def get_chain(chain: Chain) -> Request:
    """As `nft list chain FAMILY TABLE CHAIN`, without its rules; ENOENT if it is not there."""
    return Request(NFT_MSG_GETCHAIN, 0, about_chain(chain), f"nft list chain {chain}")


def delete_chain(chain: Chain) -> Request:
    """As `nft delete chain`; EBUSY while a rule is in it or leads to it."""
    return Request(NFT_MSG_DELCHAIN, 0, about_chain(chain), f"nft delete chain {chain}")


def list_rules(chain: Chain) -> Request:
    """As `nft --handle list chain FAMILY TABLE CHAIN`."""
    return Request(NFT_MSG_GETRULE, 0, about_rules(chain), f"nft --handle list chain {chain}")


def delete_rule(rule: Rule) -> Request:
    """As `nft delete rule FAMILY TABLE CHAIN handle HANDLE`; ENOENT if it is not there."""
    body = about_rules(rule.chain) + attribute(NFTA_RULE_HANDLE, rule.handle.to_bytes(8, "big"))
    return Request(NFT_MSG_DELRULE, 0, body, f"nft delete rule {rule.chain} handle {rule.handle}")


def flush_chain(chain: Chain) -> Request:
    """As `nft flush chain`; ENOENT if it is not there."""
    return Request(NFT_MSG_DELRULE, 0, about_rules(chain), f"nft flush chain {chain}")


def about_chain(chain: Chain) -> bytes:
    """What every message about a chain begins with."""
    names = text_attribute(NFTA_CHAIN_TABLE, chain.table) + text_attribute(NFTA_CHAIN_NAME, chain.name)
    return header(chain.family) + names


def about_rules(chain: Chain) -> bytes:
    """What every message about rules begins with."""
    names = text_attribute(NFTA_RULE_TABLE, chain.table) + text_attribute(NFTA_RULE_CHAIN, chain.name)
    return header(chain.family) + names


# A rule from bytes.


def unpack_rule(chain: Chain, body: bytes) -> Rule:
    """The rule in the body of an NFT_MSG_NEWRULE."""
    parts = unpack_attributes(body[4:])
    constants, jump = [], ""
    comment = unpack_comment(parts.get(NFTA_RULE_USERDATA, b""))
    for _, expression in list_attributes(parts.get(NFTA_RULE_EXPRESSIONS, b"")):
        data = unpack_operand(expression)
        if NFTA_DATA_VALUE in data:
            constants.append(data[NFTA_DATA_VALUE])
        elif NFTA_DATA_VERDICT in data:
            jump = unpack_text(unpack_attributes(data[NFTA_DATA_VERDICT]).get(NFTA_VERDICT_CHAIN))
        comment = comment or unpack_match_comment(expression)
    return Rule(chain, int.from_bytes(parts[NFTA_RULE_HANDLE], "big"), comment, jump, tuple(constants))


def unpack_operand(expression: bytes) -> dict[int, bytes]:
    """The value or verdict of a comparison or constant; empty for every other expression."""
    parts = unpack_attributes(expression)
    number = OPERANDS.get(unpack_text(parts.get(NFTA_EXPR_NAME)))
    if number is None:
        return {}
    return unpack_attributes(unpack_attributes(parts.get(NFTA_EXPR_DATA, b"")).get(number, b""))


def unpack_match_comment(expression: bytes) -> str:
    """What `iptables -m comment --comment` said; empty for every other expression."""
    parts = unpack_attributes(expression)
    match = unpack_attributes(parts.get(NFTA_EXPR_DATA, b"")) if parts.get(NFTA_EXPR_NAME) == b"match\0" else {}
    return unpack_text(match.get(NFTA_MATCH_INFO)) if match.get(NFTA_MATCH_NAME) == b"comment\0" else ""
