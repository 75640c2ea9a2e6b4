"""CHECK of a network with VLANs: what the bridge does, what the port is in, and where the gateway is."""

from __future__ import annotations

from poplin.linux.wire.bridge import has_vlan_filtering
from poplin.linux.wire.vlan import Vlans
from poplin.plugins.bridge.vlan_gateway import find_port, gateway_vlans
from poplin.plugins.bridge.vlan_ids import merge
from poplin.plugins.bridge.vlans import expected_vlans, flags_by_vid, wanted_vlans
from poplin.plugins.kit.checks import check_mac
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings
    from poplin.spec.result import Result


def check_port_vlans(host: Namespace, settings: Settings, bridge: Link, port: Link) -> None:
    """The container's port is in exactly the VLANs it was given. Raises CheckFailed."""
    if not has_vlan_filtering(bridge):
        raise CheckFailed(f"bridge {bridge.name!r} does not filter VLANs any more")
    check_vlans(host, settings, bridge, port, wanted_vlans(settings))


def check_vlan_gateway(host: Namespace, settings: Settings, result: Result, bridge: Link) -> None:
    """The gateway's interface is there, is up, and its other end is a port in the VLAN. Raises CheckFailed."""
    name = settings.vlan_gateway
    link = host.rtnl.find_link(name)
    if link is None:
        raise CheckFailed(f"the gateway's interface {name!r} is gone")
    wanted = next((item for item in result.interfaces if item.name == name and not item.sandbox), None)
    if wanted is None:
        raise CheckFailed(f"prevResult has no interface {name!r}")
    check_mac(link, wanted)
    port = find_port(host, link)
    if port is None or port.master != bridge.index:
        raise CheckFailed(f"{name!r} does not lead to a port of bridge {bridge.name!r}")
    for end in (link, port):
        if not end.is_up:
            raise CheckFailed(f"interface {end.name!r} is down")
    check_vlans(host, settings, bridge, port, gateway_vlans(settings))


def check_vlans(host: Namespace, settings: Settings, bridge: Link, port: Link, given: list[Vlans]) -> None:
    """The port has what it was given, with the same flags, and nothing else."""
    if not given:
        return
    expected = expected_vlans(settings, bridge, given)
    present = flags_by_vid(host.rtnl.list_vlans(port.index))
    if present != expected:
        raise CheckFailed(f"port {port.name!r} is in other VLANs", f"{show(present)} instead of {show(expected)}")


def show(flags_by_vid: dict[int, int]) -> str:
    """As bridge(8) does: `1 pvid untagged, 101, 200-210`."""
    by_flags = {flags: [vid for vid in flags_by_vid if flags_by_vid[vid] == flags] for flags in flags_by_vid.values()}
    ranges = [Vlans(*ends, flags) for flags, vids in by_flags.items() for ends in merge((vid, vid) for vid in vids)]
    return ", ".join(map(str, sorted(ranges, key=lambda each: each.first))) or "none"
