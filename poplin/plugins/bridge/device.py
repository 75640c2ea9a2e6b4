"""The bridge itself: made when it is missing, used as it is when it is there, never removed."""

from __future__ import annotations

import posix
from errno import EOPNOTSUPP

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.bridge import add_bridge, has_vlan_filtering
from poplin.linux.wire.link import IFF_PROMISC, parse_mac, set_link
from poplin.plugins.kit.switches import disable_ipv6_key, enable_forwarding, ensure_ipv6
from poplin.spec.errors import Conflict, KernelRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.addr import Address
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings
    from poplin.spec.address import Prefix


def ensure_bridge(host: Namespace, settings: Settings, link: Link | None, mtu: int, *, ipv6: bool) -> Link:
    """The bridge, up: `link`, or a new one. Raises Conflict if the one of that name will not do.

    Without `ipv6` a new bridge has IPv6 switched off: its multicast floods every port, and at 900 of them adding one
    took 31 ms instead of 4. With it duplicate detection is off, as the address is new and random: for as long as it
    takes, more than a second, the host could not ask for a container's address.
    """
    if link is None:
        made = make_bridge(host, settings, mtu)
        if made:  # else another ADD was faster
            host.prefer_sysctl(f"net/ipv6/conf/{settings.bridge}/accept_ra", "0")
            host.prefer_sysctl(f"net/ipv6/conf/{settings.bridge}/accept_dad", "0")
        if made and not ipv6:
            host.prefer_sysctl(disable_ipv6_key(settings.bridge), "1")
        link = host.rtnl.get_link(settings.bridge)
    require_bridge(link, settings)
    if not link.is_up or (settings.promisc and not link.flags & IFF_PROMISC):
        host.rtnl.apply(set_link(link.name, link.index, up=True, promisc=settings.promisc or None))
    return link


def make_bridge(host: Namespace, settings: Settings, mtu: int) -> bool:
    """Make it; False if another ADD was faster. Raises KernelRefused."""
    request = add_bridge(settings.bridge, random_mac(), mtu=mtu, vlan_filtering=settings.filters_vlans)
    try:
        return host.rtnl.ensure(request)
    except NetlinkError as error:
        if error.errno != EOPNOTSUPP or not settings.filters_vlans:
            raise
        needed = "`vlan` and `vlanTrunk` need a kernel with CONFIG_BRIDGE_VLAN_FILTERING"
        raise KernelRefused("this kernel's bridges cannot filter VLANs", f"{needed}; {error}") from None


def require_bridge(link: Link, settings: Settings) -> None:
    """Raises Conflict. A bridge that does not filter would pass every frame to every port, whatever VLANs they have."""
    if link.kind != "bridge":
        raise Conflict(f"{link.name!r} exists and is not a bridge", f"it is a {link.kind or 'device'}; set `bridge`")
    if settings.filters_vlans and not has_vlan_filtering(link):
        remedy = f"run `ip link set dev {link.name} type bridge vlan_filtering 1` or set another `bridge`"
        raise Conflict(f"bridge {link.name!r} exists and does not filter VLANs", remedy)


def random_mac() -> bytes:
    """A locally administered unicast address. Given at birth, it does not follow the ports' addresses."""
    octets = bytearray(posix.urandom(6))
    octets[0] = octets[0] & 0xFE | 0x02
    return bytes(octets)


# The gateway addresses on it.


def ensure_gateways(host: Namespace, settings: Settings, bridge: Link, gateways: list[Prefix]) -> None:
    """Put the gateways on the bridge and have the host forward for their families. Raises Conflict.

    A bridge that others made follows its ports' addresses until somebody sets one: that is done with the first
    gateway, so that containers need not learn a new one with each port.
    """
    if not gateways:
        return
    if any(gateway.ip.version == 6 for gateway in gateways):
        ensure_ipv6(host, bridge.name)
    present = host.rtnl.list_addresses(bridge.index)
    missing = [gateway for gateway in gateways if gateway not in [address.prefix for address in present]]
    for gateway in missing:
        remove_conflicts(host, settings, bridge, gateway, gateways, present)
        host.rtnl.ensure(add_address(bridge.name, bridge.index, gateway))
    if missing:
        mac = bridge.mac if any(parse_mac(bridge.mac)) else host.rtnl.get_link(bridge.name).mac
        host.rtnl.apply(set_link(bridge.name, bridge.index, mac=parse_mac(mac)))
    for version in sorted({gateway.ip.version for gateway in gateways}):
        enable_forwarding(host, version)


def remove_conflicts(
    host: Namespace, settings: Settings, bridge: Link, gateway: Prefix, gateways: list[Prefix], present: list[Address]
) -> None:
    """Addresses that cannot stand beside the gateway: with forceAddress they go, else Conflict is raised."""
    conflicts = [address for address in present if conflicts_with(address, gateway) and address.prefix not in gateways]
    for address in conflicts:
        if not settings.force_address:
            raise Conflict(
                f"bridge {bridge.name!r} has the address {address.prefix}, the network needs {gateway}",
                f"remove it with `ip address delete {address.prefix} dev {bridge.name}` or set `forceAddress`",
            )
        host.rtnl.remove_address(bridge.name, bridge.index, address.prefix)


def conflicts_with(address: Address, gateway: Prefix) -> bool:
    """IPv4: any other address. IPv6: one whose network overlaps, link-local ones apart."""
    if address.prefix.ip.version != gateway.ip.version or not address.is_global:
        return False
    return gateway.ip.version == 4 or address.prefix.overlaps(gateway)
