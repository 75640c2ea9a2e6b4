"""What `vlan`, `vlanTrunk` and `preserveDefaultVlan` mean for a port.

The port of a network with `vlan` carries that VLAN without tags, as its native one; those of `vlanTrunk` it carries
with tags, and VLAN 1 is its native one if there is no `vlan`. A VLAN is one or the other: the native one stays native
if the trunk has it too. What a new port has from the bridge goes, unless it is to be preserved.
"""

from __future__ import annotations

from poplin.linux.wire.bridge import default_vlan
from poplin.linux.wire.vlan import BRIDGE_VLAN_INFO_UNTAGGED, NATIVE, Vlans, add_vlans, delete_vlans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings

NATIVE_OF_TRUNK = 1


def native_vlan(settings: Settings) -> int:
    """The VLAN of the container's frames without tags; 0 if that is the bridge's affair."""
    return settings.vlan or (NATIVE_OF_TRUNK if settings.vlan_trunk else 0)


def wanted_vlans(settings: Settings) -> list[Vlans]:
    """What the port is to be given; nothing for a network without VLANs, or with an empty trunk."""
    native = native_vlan(settings)
    tagged = [Vlans(*part) for first, last in settings.vlan_trunk for part in cut_out(native, first, last)]
    return ([Vlans(native, native, NATIVE)] if native else []) + tagged


def cut_out(vid: int, first: int, last: int) -> list[tuple[int, int]]:
    """The range without this id."""
    if not first <= vid <= last:
        return [(first, last)]
    return [(a, b) for a, b in ((first, vid - 1), (vid + 1, last)) if a <= b]


def vlan_requests(settings: Settings, bridge: Link, port: Link, wanted: list[Vlans]) -> list[Request]:
    """What gives a new port of the bridge the VLANs `wanted`, and takes its default one if that is not preserved."""
    if not wanted:
        return []
    default = default_vlan(bridge)
    if not default or settings.preserve_default_vlan:
        return [add_vlans(port.name, port.index, wanted)]
    return [delete_vlans(port.name, port.index, [Vlans(default)]), add_vlans(port.name, port.index, wanted)]


def expected_vlans(settings: Settings, bridge: Link, wanted: list[Vlans]) -> dict[int, int]:
    """The flags by id that such a port has afterwards."""
    default = default_vlan(bridge) if settings.preserve_default_vlan else 0
    return {**({default: BRIDGE_VLAN_INFO_UNTAGGED} if default else {}), **flags_by_vid(wanted)}


def flags_by_vid(vlans: list[Vlans]) -> dict[int, int]:
    """Each id with its flags."""
    return {vid: each.flags for each in vlans for vid in range(each.first, each.last + 1)}
