"""The VLANs of bridge ports (linux/if_bridge.h, IFLA_BRIDGE_VLAN_INFO and BRIDGE_VLANDB_*).

bridge_vlan_info  u16 flags, u16 vid
br_vlan_msg       u8 family, u8 pad, u16 pad, u32 index

They are changed by link messages of the family AF_BRIDGE. A range is a pair of attributes, its begin and its end, and
one message takes many. They are read by messages of their own, which can ask for one port; a dump of links could not.
"""

from __future__ import annotations

from poplin.linux.netlink import Request, Struct, attribute, list_attributes, nest, unpack_attributes
from poplin.linux.wire.link import INFO, RTM_DELLINK
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

AF_BRIDGE = 7  # linux/socket.h
IFLA_AF_SPEC = 26  # linux/if_link.h

# linux/rtnetlink.h
RTM_GETVLAN = 114
RTM_NEWVLAN = 112
RTM_SETLINK = 19

# linux/if_bridge.h
BRIDGE_VLANDB_ENTRY = 1
BRIDGE_VLANDB_ENTRY_INFO = 1
BRIDGE_VLANDB_ENTRY_RANGE = 2
BRIDGE_VLAN_INFO_PVID = 0x2
BRIDGE_VLAN_INFO_RANGE_BEGIN = 0x8
BRIDGE_VLAN_INFO_RANGE_END = 0x10
BRIDGE_VLAN_INFO_UNTAGGED = 0x4
IFLA_BRIDGE_VLAN_INFO = 2

NATIVE = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED
MESSAGE = Struct("=BxxxI")
VLAN_INFO = Struct("=HH")
VID = Struct("=H")


class Vlans(Record):
    """The VLANs `first` to `last` of a port. `flags` 0 means tagged, NATIVE the one of frames without a tag."""

    __slots__ = ("first", "flags", "last")

    def __init__(self, first: int, last: int = 0, flags: int = 0) -> None:
        self.first = first
        self.last = last or first
        self.flags = flags

    def __str__(self) -> str:
        vids = f"{self.first}-{self.last}" if self.last > self.first else f"{self.first}"
        pvid = " pvid" if self.flags & BRIDGE_VLAN_INFO_PVID else ""
        return vids + pvid + (" untagged" if self.flags & BRIDGE_VLAN_INFO_UNTAGGED else "")


def add_vlans(name: str, index: int, vlans: Sequence[Vlans]) -> Request:
    """As `bridge vlan add dev NAME vid VIDS [pvid] [untagged]`, for each of `vlans`. Those that are there change."""
    return Request(RTM_SETLINK, 0, pack_vlans(index, vlans), join_commands("add", name, vlans))


def delete_vlans(name: str, index: int, vlans: Sequence[Vlans]) -> Request:
    """As `bridge vlan del dev NAME vid VIDS`, for each of `vlans`. Those that are not there do not matter."""
    return Request(RTM_DELLINK, 0, pack_vlans(index, vlans), join_commands("del", name, vlans))


def list_vlans(index: int) -> Request:
    """As `bridge vlan show`, for one port by number."""
    return Request(RTM_GETVLAN, 0, MESSAGE.pack(AF_BRIDGE, index), f"bridge vlan show index {index}")


def pack_vlans(index: int, vlans: Sequence[Vlans]) -> bytes:
    """The body of a message that changes a port's VLANs."""
    infos = []
    for each in vlans:
        if each.first == each.last:
            infos.append(pack_info(each.flags, each.first))
        else:
            infos.append(pack_info(each.flags | BRIDGE_VLAN_INFO_RANGE_BEGIN, each.first))
            infos.append(pack_info(each.flags | BRIDGE_VLAN_INFO_RANGE_END, each.last))
    return INFO.pack(AF_BRIDGE, 0, index, 0, 0) + nest(IFLA_AF_SPEC, *infos)


def pack_info(flags: int, vid: int) -> bytes:
    """One attribute."""
    return attribute(IFLA_BRIDGE_VLAN_INFO, VLAN_INFO.pack(flags, vid))


def join_commands(verb: str, name: str, vlans: Sequence[Vlans]) -> str:
    """bridge(8) takes one range a time."""
    return "; ".join(f"bridge vlan {verb} dev {name} vid {each}" for each in vlans)


def unpack_change(body: bytes) -> tuple[int, list[Vlans]]:
    """(index, VLANs) from the body of a message that changes them."""
    _, _, index, _, _ = INFO.unpack_from(body)
    found: list[Vlans] = []
    begin = 0
    spec = unpack_attributes(body[INFO.size :])[IFLA_AF_SPEC]
    for kind, payload in list_attributes(spec):
        if kind != IFLA_BRIDGE_VLAN_INFO:
            continue
        flags, vid = VLAN_INFO.unpack_from(payload)
        if flags & BRIDGE_VLAN_INFO_RANGE_BEGIN:
            begin = vid
            continue
        flags &= ~BRIDGE_VLAN_INFO_RANGE_END
        found.append(Vlans(begin or vid, vid, flags))
        begin = 0
    return index, found


def unpack_vlans(body: bytes) -> list[Vlans]:
    """The VLANs in the body of an RTM_NEWVLAN."""
    found = []
    for kind, payload in list_attributes(body[MESSAGE.size :]):
        if kind == BRIDGE_VLANDB_ENTRY:
            entry = unpack_attributes(payload)
            flags, vid = VLAN_INFO.unpack_from(entry[BRIDGE_VLANDB_ENTRY_INFO])
            last = VID.unpack_from(entry[BRIDGE_VLANDB_ENTRY_RANGE])[0] if BRIDGE_VLANDB_ENTRY_RANGE in entry else vid
            found.append(Vlans(vid, last, flags & NATIVE))
    return found
