"""The VLANs of bridge ports in the kernel in memory: flags by id for each port, whether its bridge filters or not."""

from __future__ import annotations

from errno import EINVAL, ENODEV, EOPNOTSUPP

from poplin.linux.netlink import NetlinkError, attribute, nest
from poplin.linux.wire import vlan
from poplin.linux.wire.bridge import default_vlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link


def join_default_vlan(here: Tables, port: Link) -> None:
    """A new port is in its bridge's default VLAN."""
    bridge = here.find(index=port.master)
    default = default_vlan(bridge) if bridge else 0
    here.vlans[port.index] = {default: vlan.NATIVE} if default else {}


def add_vlans(here: Tables, request: Request) -> None:
    """RTM_SETLINK. Raises NetlinkError (ENODEV, EOPNOTSUPP, EINVAL)."""
    present, changed = find_vlans(here, request)
    for each in changed:
        if each.flags & vlan.BRIDGE_VLAN_INFO_PVID:
            if each.last > each.first:
                raise NetlinkError(EINVAL, request.text)
            for vid in present:
                present[vid] &= ~vlan.BRIDGE_VLAN_INFO_PVID
        present.update(dict.fromkeys(range(each.first, each.last + 1), each.flags))


def delete_vlans(here: Tables, request: Request) -> None:
    """RTM_DELLINK of the family AF_BRIDGE. Raises NetlinkError (ENODEV, EOPNOTSUPP)."""
    present, changed = find_vlans(here, request)
    for each in changed:
        for vid in range(each.first, each.last + 1):
            present.pop(vid, None)


def find_vlans(here: Tables, request: Request) -> tuple[dict[int, int], list[vlan.Vlans]]:
    """What the port has, and what the request names."""
    index, changed = vlan.unpack_change(request.body)
    if here.find(index=index) is None:
        raise NetlinkError(ENODEV, request.text)
    present = here.find_vlans(index)
    if present is None:
        raise NetlinkError(EOPNOTSUPP, request.text)
    return present, changed


def pack_port(here: Tables, request: Request) -> bytes:
    """The body of an RTM_NEWVLAN that tells of a port, each VLAN by itself. Raises NetlinkError (EINVAL)."""
    _, index = vlan.MESSAGE.unpack_from(request.body)
    present = here.find_vlans(index)
    if present is None:
        raise NetlinkError(EINVAL, request.text)
    entries = [
        nest(vlan.BRIDGE_VLANDB_ENTRY, attribute(vlan.BRIDGE_VLANDB_ENTRY_INFO, vlan.VLAN_INFO.pack(flags, vid)))
        for vid, flags in sorted(present.items())
    ]
    return vlan.MESSAGE.pack(vlan.AF_BRIDGE, index) + b"".join(entries)
