"""Links: the record, and the requests every kind of link understands (RTM_*LINK, linux/if_link.h).

ifinfomsg  u8 family, u8 pad, u16 type, i32 index, u32 flags, u32 change      linux/rtnetlink.h
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    Struct,
    attribute,
    list_attributes,
    nest,
    text_attribute,
    u32_attribute,
    unpack_attributes,
    unpack_text,
    unpack_u32,
)
from poplin.spec.record import Record

# linux/rtnetlink.h
RTM_DELLINK = 17
RTM_GETLINK = 18
RTM_NEWLINK = 16

# linux/if.h
IFF_ALLMULTI = 0x200
IFF_PROMISC = 0x100
IFF_UP = 0x1
IFNAMSIZ = 16
LONGEST_ALTERNATIVE_NAME = 127  # ALTIFNAMSIZ - 1
IF_OPER_UP = 6

# linux/if_link.h
IFLA_ADDRESS = 1
IFLA_ALT_IFNAME = 53
IFLA_EXT_MASK = 29
IFLA_GROUP = 27
IFLA_IFALIAS = 20
IFLA_IFNAME = 3
IFLA_INFO_DATA = 2
IFLA_INFO_KIND = 1
IFLA_INFO_SLAVE_DATA = 5
IFLA_LINK = 5
IFLA_LINKINFO = 18
IFLA_LINK_NETNSID = 37
IFLA_MASTER = 10
IFLA_MTU = 4
IFLA_NET_NS_FD = 28
IFLA_OPERSTATE = 16
IFLA_PERM_ADDRESS = 54
IFLA_PROMISCUITY = 30
IFLA_PROP_LIST = 52
IFLA_TXQLEN = 13
RTEXT_FILTER_SKIP_STATS = 8

INFO = Struct("=BxHiII")


class Link(Record):
    """One link as the kernel tells it. `link` is the peer's (or lower link's) index, `netnsid` the id of the
    namespace that is in, None for this one; `port` the raw attributes it has as a port of its master; `permanent_mac`
    the one the hardware was born with, empty if it was not; `alternative_names` those it can be found by too."""

    __slots__ = (
        "alias",
        "alternative_names",
        "data",
        "flags",
        "index",
        "kind",
        "link",
        "mac",
        "master",
        "mtu",
        "name",
        "netnsid",
        "operstate",
        "permanent_mac",
        "port",
        "promiscuity",
        "txqlen",
    )

    def __init__(self, index: int, name: str, flags: int = 0) -> None:
        self.index = index
        self.name = name
        self.flags = flags
        self.mac = ""
        self.permanent_mac = ""
        self.mtu = 0
        self.master = 0
        self.link = 0
        self.netnsid: int | None = None
        self.kind = ""
        self.alias = ""
        self.alternative_names: tuple[str, ...] = ()
        self.operstate = 0
        self.promiscuity = 0
        self.txqlen = 0
        self.data: dict[int, bytes] = {}
        self.port: dict[int, bytes] = {}

    @property
    def is_up(self) -> bool:
        """Whether it was set up."""
        return bool(self.flags & IFF_UP)

    @property
    def is_promiscuous(self) -> bool:
        """Whether it was set to take packets for others, by a user; bridges and sniffers do so without."""
        return bool(self.flags & IFF_PROMISC)

    @property
    def takes_all_multicast(self) -> bool:
        """Whether it was set to take every multicast packet, likewise."""
        return bool(self.flags & IFF_ALLMULTI)

    @property
    def is_operational(self) -> bool:
        """Whether it carries packets now."""
        return self.operstate == IF_OPER_UP


def unpack_link(body: bytes) -> Link:
    """The record for the body of an RTM_NEWLINK."""
    _, _, index, flags, _ = INFO.unpack_from(body)
    attributes = unpack_attributes(body[INFO.size :])
    link = Link(index, unpack_text(attributes.get(IFLA_IFNAME)), flags)
    link.mac = format_mac(attributes.get(IFLA_ADDRESS, b""))
    link.permanent_mac = format_mac(attributes.get(IFLA_PERM_ADDRESS, b""))
    link.mtu = unpack_u32(attributes.get(IFLA_MTU))
    link.master = unpack_u32(attributes.get(IFLA_MASTER))
    link.link = unpack_u32(attributes.get(IFLA_LINK))
    link.netnsid = unpack_u32(attributes[IFLA_LINK_NETNSID]) if IFLA_LINK_NETNSID in attributes else None
    link.alias = unpack_text(attributes.get(IFLA_IFALIAS))
    if IFLA_PROP_LIST in attributes:
        link.alternative_names = unpack_alternative_names(attributes[IFLA_PROP_LIST])
    link.operstate = attributes.get(IFLA_OPERSTATE, b"\0")[0]
    link.promiscuity = unpack_u32(attributes.get(IFLA_PROMISCUITY))
    link.txqlen = unpack_u32(attributes.get(IFLA_TXQLEN))
    info = unpack_attributes(attributes.get(IFLA_LINKINFO, b""))
    link.kind = unpack_text(info.get(IFLA_INFO_KIND))
    link.data = unpack_attributes(info.get(IFLA_INFO_DATA, b""))
    link.port = unpack_attributes(info.get(IFLA_INFO_SLAVE_DATA, b""))
    return link


def unpack_alternative_names(properties: bytes) -> tuple[str, ...]:
    """Those among the properties of a link."""
    return tuple(unpack_text(text) for kind, text in list_attributes(properties) if kind == IFLA_ALT_IFNAME)


def format_mac(octets: bytes) -> str:
    """`02:00:00:00:00:01`."""
    return octets.hex(":")


def parse_mac(text: str) -> bytes:
    """The six octets of `02:00:00:00:00:01`. Raises ValueError."""
    parts = text.replace("-", ":").split(":")
    if len(parts) != 6 or not all(len(part) == 2 for part in parts):
        raise ValueError(f"{text!r} is not a MAC address like 02:00:00:00:00:01")
    try:
        return bytes.fromhex("".join(parts))
    except ValueError:
        raise ValueError(f"{text!r} is not a MAC address like 02:00:00:00:00:01") from None


# Requests.


def get_link(name: str) -> Request:
    """As `ip link show dev NAME`, which may be an alternative name; only those are longer than 15 bytes."""
    kind = IFLA_IFNAME if len(name.encode()) < IFNAMSIZ else IFLA_ALT_IFNAME
    mask = u32_attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    return Request(RTM_GETLINK, 0, info() + text_attribute(kind, name) + mask, f"ip link show dev {name}")


def get_link_by_index(index: int) -> Request:
    """As `ip link show`, by number."""
    mask = u32_attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    return Request(RTM_GETLINK, 0, info(index) + mask, f"ip link show index {index}")


def list_links(kind: str = "", master: int = 0) -> Request:
    """As `ip link show [type KIND] [master INDEX]`."""
    body = info() + u32_attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS)
    if kind:
        body += nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, kind))
    if master:
        body += u32_attribute(IFLA_MASTER, master)
    words = (f" type {kind}" if kind else "") + (f" master {master}" if master else "")
    return Request(RTM_GETLINK, 0, body, f"ip link show{words}")


def add_link(attributes: bytes, text: str) -> Request:
    """A new link of the kind that `attributes` tell; the modules beside this one make them."""
    return Request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, info() + attributes, text)


def set_link(
    name: str,
    index: int = 0,
    *,
    up: bool | None = None,
    promisc: bool | None = None,
    allmulti: bool | None = None,
    mac: bytes = b"",
    mtu: int = 0,
    txqlen: int | None = None,
    master: int = 0,
    master_name: str = "",
    alias: str = "",
    group: int = 0,
) -> Request:
    """As `ip link set dev NAME ...`; by index where it is known, so that a rename in between cannot mislead.

    The name of the master is for the text only.
    """
    flags = change = 0
    words = []
    for wanted, bit, yes, no in (
        (up, IFF_UP, "up", "down"),
        (promisc, IFF_PROMISC, "promisc on", "promisc off"),
        (allmulti, IFF_ALLMULTI, "allmulticast on", "allmulticast off"),
    ):
        if wanted is not None:
            change |= bit
            flags |= bit if wanted else 0
            words.append(yes if wanted else no)
    body = info(index, flags, change)
    if not index:
        body += text_attribute(IFLA_IFNAME, name)
    if mac:
        body += attribute(IFLA_ADDRESS, mac)
        words.append(f"address {format_mac(mac)}")
    if mtu:
        body += u32_attribute(IFLA_MTU, mtu)
        words.append(f"mtu {mtu}")
    if txqlen is not None:
        body += u32_attribute(IFLA_TXQLEN, txqlen)
        words.append(f"txqueuelen {txqlen}")
    if master:
        body += u32_attribute(IFLA_MASTER, master)
        words.append(f"master {master_name or master}")
    if alias:
        body += attribute(IFLA_IFALIAS, alias.encode())
        words.append(f"alias {alias}")
    if group:
        body += u32_attribute(IFLA_GROUP, group)
        words.append(f"group {group}")
    return Request(RTM_NEWLINK, 0, body, f"ip link set dev {name} {' '.join(words)}")


def free_link(name: str, index: int) -> Request:
    """As `ip link set dev NAME nomaster`."""
    return Request(RTM_NEWLINK, 0, info(index) + u32_attribute(IFLA_MASTER, 0), f"ip link set dev {name} nomaster")


def delete_link(name: str, index: int = 0) -> Request:
    """As `ip link delete dev NAME`."""
    body = info(index) + (b"" if index else text_attribute(IFLA_IFNAME, name))
    return Request(RTM_DELLINK, 0, body, f"ip link delete dev {name}")


def delete_group(group: int) -> Request:
    """As `ip link delete group GROUP`: many links for the price of one (32 veths in 48 ms, not 577)."""
    return Request(RTM_DELLINK, 0, info() + u32_attribute(IFLA_GROUP, group), f"ip link delete group {group}")


def info(index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    """The fixed part of every link message."""
    return INFO.pack(0, 0, index, flags, change)
