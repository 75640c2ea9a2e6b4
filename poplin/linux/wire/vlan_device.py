"""VLAN devices (802.1Q; linux/if_link.h, IFLA_VLAN_*): what the master receives with a tag, and sends with it."""

from __future__ import annotations

from poplin.linux.netlink import attribute
from poplin.linux.wire.upper import U16, add_upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.upper import Upper

KIND = "vlan"
IFLA_VLAN_ID = 1


def add_vlan_device(upper: Upper, vid: int) -> Request:
    """As `ip link add ... type vlan id VID`; EEXIST if the master has one for this VLAN."""
    return add_upper(upper, KIND, f"id {vid}", attribute(IFLA_VLAN_ID, U16.pack(vid)))


def vlan_of(link: Link) -> int:
    """The number of its VLAN."""
    return int(U16.unpack(link.data[IFLA_VLAN_ID])[0])
