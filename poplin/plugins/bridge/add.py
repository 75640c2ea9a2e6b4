"""ADD: addresses first, so that all that follows is one plan; then bridge, pair, container, gateways.

An IPAM plugin that may need the link is asked when there is one, up at both ends.
"""

from __future__ import annotations

from poplin.linux.wire.link import set_link
from poplin.plugins.bridge.device import ensure_bridge, ensure_gateways
from poplin.plugins.bridge.port import add_port
from poplin.plugins.bridge.removal import remove_guard
from poplin.plugins.bridge.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import configure_interface, open_container, require_free_name
from poplin.plugins.kit.mtu import choose_mtu
from poplin.plugins.kit.pair import remove_pair, wait_until_operational
from poplin.plugins.kit.undo import Undo
from poplin.plugins.kit.unmasquerade import unmasquerade
from poplin.spec.address import IP, Prefix
from poplin.spec.result import Interface, Result, Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call

CONTAINER = 2  # the container's place in the result: bridge, host end, container end


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Join the container to the bridge."""
    settings = Settings(call)
    host = kernel.host
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        is_late = ipam.needs_link(call)
        if is_late:
            ipam.require_plugin(call, kernel)
        result = Result() if is_late else ipam.ask(call, kernel, undo)
        found = host.rtnl.find_link(settings.bridge)
        mtu = choose_mtu(settings.mtu, host, result, found)
        ipv6 = is_late or not settings.has_ipam or 6 in result.families
        bridge = ensure_bridge(host, settings, found, mtu, ipv6=ipv6)
        undo.push(remove_pair, call, kernel)
        if settings.mac_spoof_check:
            undo.push(remove_guard, call, kernel)
        port = add_port(call, host, container, bridge, settings, mtu)
        inner = container.rtnl.get_link(call.ifname)
        if is_late:
            connect(host, container, port, inner)
            result = ipam.ask(call, kernel, undo)
        complete(result, settings)
        result.interfaces = [
            Interface(bridge.name),
            Interface(port.name, port.mac),
            Interface(call.ifname, inner.mac, call.netns),
        ]
        set_up_container(container, inner, settings, result)
        if settings.is_gateway:
            ensure_gateways(host, settings, find_gateway_link(host, settings, bridge, result), gateway_prefixes(result))
        if settings.ip_masq:
            from poplin.plugins.kit.masquerade import masquerade  # not part of every ADD's price

            undo.push(unmasquerade, call, kernel)
            masquerade(call, kernel, [item.address for item in result.ips])
        if not settings.disable_container_interface:
            wait_until_operational(host.rtnl, port)
        # only now, because a bridge that others made may have taken the new port's address
        result.interfaces[0].mac = host.rtnl.get_link(bridge.name).mac
        return call.reply(result)


def connect(host: Namespace, container: Namespace, port: Link, inner: Link) -> None:
    """Have frames pass before there are addresses, for who asks for them over the link."""
    container.rtnl.apply(set_link(inner.name, inner.index, up=True))
    wait_until_operational(host.rtnl, port)


def complete(result: Result, settings: Settings) -> None:
    """What the network adds to the addresses: their interface, gateways, the default route, dns."""
    for item in result.ips:
        item.interface = CONTAINER
        if settings.is_gateway and not item.gateway:
            item.gateway = item.address.first + 1
    if settings.is_default_gateway:
        set_default_routes(result)
    if settings.dns is not None:
        result.dns = settings.dns


def set_default_routes(result: Result) -> None:
    """One default route for each family by its first gateway, unless IPAM gave one with a gateway."""
    gateways: dict[int, IP] = {}
    for item in result.ips:
        if item.gateway:
            gateways.setdefault(item.gateway.bits, item.gateway)
    for bits, gateway in gateways.items():
        defaults = [route for route in result.routes if route.dst.is_default and route.dst.ip.bits == bits]
        if not any(route.gw for route in defaults):
            result.routes = [route for route in result.routes if route not in defaults]
            result.routes.append(Route(Prefix(IP(bits, 0), 0), gateway))


def set_up_container(container: Namespace, inner: Link, settings: Settings, result: Result) -> None:
    """The container's end: switches first, because they act when the link comes up."""
    if settings.has_ipam:
        dad = "1" if settings.enable_dad else "0"
        container.prefer_sysctl(f"net/ipv6/conf/{inner.name}/accept_dad", dad)
        if settings.enable_dad:
            container.prefer_sysctl(f"net/ipv6/conf/{inner.name}/enhanced_dad", "1")
        container.prefer_sysctl(f"net/ipv4/conf/{inner.name}/arp_notify", "1")
        configure_interface(container, inner.name, result, dad=settings.enable_dad, link=inner)
    elif not settings.disable_container_interface:
        container.rtnl.apply(set_link(inner.name, inner.index, up=True))


def find_gateway_link(host: Namespace, settings: Settings, bridge: Link, result: Result) -> Link:
    """What bears the gateways: the bridge, or with `vlan` an interface in that VLAN, which the result then has too."""
    if not settings.vlan_gateway:
        return bridge
    from poplin.plugins.bridge.vlan_gateway import ensure_vlan_gateway  # here, because most networks do without

    link = ensure_vlan_gateway(host, settings, bridge, ipv6=6 in result.families)
    result.interfaces.append(Interface(link.name, link.mac))
    return link


def gateway_prefixes(result: Result) -> list[Prefix]:
    """The gateways with their networks' lengths, IPv4 first."""
    found = [Prefix(item.gateway, item.address.length) for item in result.ips if item.gateway]
    return sorted(dict.fromkeys(found), key=lambda gateway: gateway.ip.version)
