"""The bridge itself: made when it is missing, used as it is when it is there, never removed."""

from __future__ import annotations

import posix

from poplin.linux.wire.addr import add_address
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import IFF_PROMISC, parse_mac, set_link
from poplin.spec.address import parse_ip
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.addr import Address
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings
    from poplin.spec.address import Prefix

ETHERNET_MTU = 1500
# Addresses nobody has: the way to them is the default route (RFC 1122, 3.2.1.3; RFC 3849).
ANYWHERE = (parse_ip("0.0.0.1"), parse_ip("2001:db8::1"))
SWITCHES = {4: "net/ipv4/ip_forward", 6: "net/ipv6/conf/all/forwarding"}


def ensure_bridge(host: Namespace, settings: Settings, mtu: int, *, ipv6: bool) -> Link:
    """The bridge, up. Raises Conflict if the name belongs to another kind of link.

    Without `ipv6` a new bridge has IPv6 switched off: its multicast floods every port, and at 900 of them adding one
    took 31 ms instead of 4.
    """
    link = host.rtnl.find_link(settings.bridge)
    if link is None:
        made = host.rtnl.ensure(add_bridge(settings.bridge, random_mac(), mtu=mtu))
        if made:  # else another ADD was faster
            host.prefer_sysctl(f"net/ipv6/conf/{settings.bridge}/accept_ra", "0")
        if made and not ipv6:
            host.prefer_sysctl(disable_ipv6_key(settings), "1")
        link = host.rtnl.get_link(settings.bridge)
    require_bridge(link)
    if not link.is_up or (settings.promisc and not link.flags & IFF_PROMISC):
        host.rtnl.apply(set_link(link.name, link.index, up=True, promisc=settings.promisc or None))
    return link


def require_bridge(link: Link) -> None:
    """Raises Conflict."""
    if link.kind != "bridge":
        raise Conflict(f"{link.name!r} exists and is not a bridge", f"it is a {link.kind or 'device'}; set `bridge`")


def random_mac() -> bytes:
    """A locally administered unicast address. Given at birth, it does not follow the ports' addresses."""
    octets = bytearray(posix.urandom(6))
    octets[0] = octets[0] & 0xFE | 0x02
    return bytes(octets)


def default_mtu(host: Namespace) -> int:
    """The MTU of the default route's device where it is below Ethernet's, else 0: leave it to the kernel."""
    route = host.rtnl.find_route_to(ANYWHERE[0]) or host.rtnl.find_route_to(ANYWHERE[1])
    uplink = host.rtnl.find_link_by_index(route.index) if route else None
    return uplink.mtu if uplink and uplink.mtu < ETHERNET_MTU else 0


# The gateway addresses on it.


def ensure_gateways(host: Namespace, settings: Settings, bridge: Link, gateways: list[Prefix]) -> None:
    """Put the gateways on the bridge and have the host forward for their families. Raises Conflict.

    A bridge that others made follows its ports' addresses until somebody sets one: that is done with the first
    gateway, so that containers need not learn a new one with each port.
    """
    if not gateways:
        return
    if any(gateway.ip.version == 6 for gateway in gateways) and host.read_sysctl(disable_ipv6_key(settings)) != "0":
        host.write_sysctl(disable_ipv6_key(settings), "0")
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


def enable_forwarding(host: Namespace, version: int) -> None:
    """Have the host route for this family; a switch that is on is not written again."""
    if host.read_sysctl(SWITCHES[version]) != "1":
        host.write_sysctl(SWITCHES[version], "1")


def disable_ipv6_key(settings: Settings) -> str:
    """The bridge's IPv6 switch."""
    return f"net/ipv6/conf/{settings.bridge}/disable_ipv6"
