"""Filters of traffic control: which class a packet goes to, and what else becomes of it (RTM_*TFILTER).

tc_u32_sel  u8 flags, u8 offshift, u8 nkeys, pad, be16 offmask, u16 off, s16 offoff, s16 hoff, be32 hmask
tc_u32_key  be32 mask, be32 value, s32 offset, s32 offmask                                   linux/pkt_cls.h
tc_mirred   u32 index, u32 capab, s32 action, s32 refcnt, s32 bindcnt, s32 eaction, u32 ifindex

u32, which every kernel has, compares words of the packet from its IP header on.
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    Struct,
    attribute,
    nest,
    text_attribute,
    u32_attribute,
    unpack_attributes,
    unpack_text,
    unpack_u32,
)
from poplin.linux.wire.qdisc import MESSAGE, TCA_KIND, TCA_OPTIONS, format_handle, format_parent, message
from poplin.spec.address import IP, Prefix
from poplin.spec.record import Record

# linux/rtnetlink.h
RTM_DELTFILTER = 45
RTM_GETTFILTER = 46
RTM_NEWTFILTER = 44

# linux/pkt_cls.h, linux/tc_act/tc_mirred.h
TCA_ACT_KIND = 1
TCA_ACT_OPTIONS = 2
TCA_EGRESS_REDIR = 1
TCA_MIRRED_PARMS = 2
TCA_U32_ACT = 7
TCA_U32_CLASSID = 1
TCA_U32_SEL = 5
TC_ACT_STOLEN = 4
TC_U32_TERMINAL = 1

KIND = "u32"
MIRRED = "mirred"
SELECTOR = Struct("=BBBxHHhhI")
KEY = Struct(">II")
KEY_PLACE = Struct("=ii")
REDIRECT = Struct("=IIiiiiI")

# linux/if_ether.h, and how tc(8) calls them
PROTOCOLS = {0x0003: "all", 0x0800: "ip", 0x86DD: "ipv6"}
ALL, IPV4, IPV6 = PROTOCOLS
MATCHES = {4: "ip", 6: "ip6"}
SOURCE, DESTINATION = SIDES = ("src", "dst")
# Where in an IP header its addresses are.
PLACES = {(4, SOURCE): 12, (4, DESTINATION): 16, (6, SOURCE): 8, (6, DESTINATION): 24}
OF_PROTOCOL = {4: IPV4, 6: IPV6}

Key = tuple[int, int, int]  # mask, value, offset

EVERYTHING: tuple[Key, ...] = ((0, 0, 0),)


class Filter(Record):
    """One u32 filter. `keys` must all match; `redirect` is the link to which the packet goes instead: None if it goes
    on, 0 for one that is gone."""

    __slots__ = ("classid", "handle", "keys", "kind", "parent", "priority", "protocol", "redirect")

    def __init__(
        self,
        parent: int,
        priority: int,
        protocol: int,
        classid: int,
        keys: tuple[Key, ...] = EVERYTHING,
        redirect: int | None = None,
        handle: int = 0,
        kind: str = KIND,
    ) -> None:
        self.parent = parent
        self.priority = priority
        self.protocol = protocol
        self.classid = classid
        self.keys = keys
        self.redirect = redirect
        self.handle = handle
        self.kind = kind

    @property
    def info(self) -> int:
        """Priority and protocol as the message has them."""
        return self.priority << 16 | int.from_bytes(self.protocol.to_bytes(2, "big"), "little")


def match_subnet(side: str, subnet: Prefix) -> tuple[Key, ...]:
    """What the words of an address must be; words of which nothing matters are left out, but for the last one."""
    network = subnet.network.ip.packed
    mask = (((1 << subnet.length) - 1) << (subnet.ip.bits - subnet.length)).to_bytes(len(network), "big")
    place = PLACES[subnet.ip.version, side]
    keys = [(*KEY.unpack(mask[at : at + 4] + network[at : at + 4]), place + at) for at in range(0, len(network), 4)]
    return tuple(key for key in keys if key[0]) or (keys[0],)


def find_subnet(found: Filter) -> tuple[str, Prefix] | None:
    """The side and the subnet that a filter matches, None if it is one that `match_subnet` does not make."""
    version = next((each for each, protocol in OF_PROTOCOL.items() if protocol == found.protocol), 0)
    first = found.keys[0][2] if found.keys else -1
    side = next((each for each in SIDES if PLACES.get((version, each)) == first), "")
    if not side:
        return None
    octets = 4 if version == 4 else 16
    words = b"".join(value.to_bytes(4, "big") for _, value, _ in found.keys)[:octets]
    length = min(sum(mask.bit_count() for mask, _, _ in found.keys), octets * 8)
    subnet = Prefix(IP(octets * 8, int.from_bytes(words.ljust(octets, b"\0"), "big")), length)
    return (side, subnet) if match_subnet(side, subnet) == found.keys else None


# Requests.


def add_filter(name: str, index: int, wanted: Filter, words: str, target: str = "") -> Request:
    """As `tc filter add dev NAME parent PARENT protocol PROTOCOL prio PRIORITY u32 match ... flowid CLASS`.

    `words` say what the keys are, `target` is the name of the link to redirect to.
    """
    keys = b"".join(KEY.pack(mask, value) + KEY_PLACE.pack(offset, 0) for mask, value, offset in wanted.keys)
    selector = SELECTOR.pack(TC_U32_TERMINAL, 0, len(wanted.keys), 0, 0, 0, 0, 0) + keys
    options = u32_attribute(TCA_U32_CLASSID, wanted.classid) + attribute(TCA_U32_SEL, selector)
    text = f"{describe(name, wanted, 'add')} {KIND} match {words} flowid {format_handle(wanted.classid)}"
    if wanted.redirect:
        parameters = REDIRECT.pack(0, 0, TC_ACT_STOLEN, 0, 0, TCA_EGRESS_REDIR, wanted.redirect)
        inner = nest(TCA_ACT_OPTIONS, attribute(TCA_MIRRED_PARMS, parameters))
        options += nest(TCA_U32_ACT, nest(1, text_attribute(TCA_ACT_KIND, MIRRED), inner))
        text += f" action {MIRRED} egress redirect dev {target}"
    body = message(index, 0, wanted.parent, wanted.info) + text_attribute(TCA_KIND, KIND)
    return Request(RTM_NEWTFILTER, NLM_F_CREATE | NLM_F_EXCL, body + nest(TCA_OPTIONS, options), text)


def delete_filter(name: str, index: int, gone: Filter) -> Request:
    """As `tc filter del dev NAME parent PARENT protocol PROTOCOL prio PRIORITY handle HANDLE u32`."""
    body = message(index, gone.handle, gone.parent, gone.info) + text_attribute(TCA_KIND, gone.kind)
    text = f"{describe(name, gone, 'del')} handle {format_node(gone.handle)} {gone.kind}"
    return Request(RTM_DELTFILTER, 0, body, text)


def delete_filters(name: str, index: int, one: Filter) -> Request:
    """As `tc filter del dev NAME parent PARENT protocol PROTOCOL prio PRIORITY KIND`: all where this one is."""
    body = message(index, 0, one.parent, one.info) + text_attribute(TCA_KIND, one.kind)
    return Request(RTM_DELTFILTER, 0, body, f"{describe(name, one, 'del')} {one.kind}")


def list_filters(name: str, index: int, parent: int) -> Request:
    """As `tc filter show dev NAME parent PARENT`."""
    text = f"tc filter show dev {name} {format_parent(parent)}"
    return Request(RTM_GETTFILTER, 0, message(index, 0, parent), text)


def describe(name: str, each: Filter, verb: str) -> str:
    """The words of tc(8) for where a filter is."""
    protocol = PROTOCOLS.get(each.protocol, f"{each.protocol:#x}")
    return f"tc filter {verb} dev {name} {format_parent(each.parent)} protocol {protocol} prio {each.priority}"


def format_node(handle: int) -> str:
    """A filter in its hash table as tc(8) writes it: `800::800`."""
    bucket = handle >> 12 & 0xFF
    return f"{handle >> 20:x}:{f'{bucket:x}' if bucket else ''}:{handle & 0xFFF:x}"


def unpack_filter(body: bytes) -> Filter | None:
    """The record for the body of an RTM_NEWTFILTER; None for what is told beside filters, as their hash tables."""
    _, _, handle, parent, info = MESSAGE.unpack_from(body)
    attributes = unpack_attributes(body[MESSAGE.size :])
    options = unpack_attributes(attributes.get(TCA_OPTIONS, b""))
    kind = unpack_text(attributes[TCA_KIND])
    if not handle or (kind == KIND and TCA_U32_SEL not in options):
        return None
    protocol = int.from_bytes((info & 0xFFFF).to_bytes(2, "little"), "big")
    found = Filter(parent, info >> 16, protocol, 0, (), handle=handle, kind=kind)
    if kind == KIND:
        found.classid = unpack_u32(options.get(TCA_U32_CLASSID))
        found.keys = unpack_keys(options[TCA_U32_SEL])
        found.redirect = find_redirect(options.get(TCA_U32_ACT, b""))
    return found


def unpack_keys(selector: bytes) -> tuple[Key, ...]:
    """What must match."""
    count = SELECTOR.unpack_from(selector)[2]
    places = [SELECTOR.size + number * (KEY.size + KEY_PLACE.size) for number in range(count)]
    return tuple((*KEY.unpack_from(selector, at), KEY_PLACE.unpack_from(selector, at + KEY.size)[0]) for at in places)


def find_redirect(actions: bytes) -> int | None:
    """The number of the link to which an action redirects, 0 if it is gone, None if none does."""
    for action in unpack_attributes(actions).values():
        parts = unpack_attributes(action)
        options = unpack_attributes(parts.get(TCA_ACT_OPTIONS, b""))
        if unpack_text(parts.get(TCA_ACT_KIND)) == MIRRED and TCA_MIRRED_PARMS in options:
            eaction, index = REDIRECT.unpack_from(options[TCA_MIRRED_PARMS])[5:]
            return int(index) if eaction == TCA_EGRESS_REDIR else None
    return None
