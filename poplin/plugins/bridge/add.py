"""ADD: addresses first, so that all that follows is one plan; then bridge, pair, container, gateways."""

from __future__ import annotations

from poplin.linux.wire.link import set_link
from poplin.plugins.bridge.device import default_mtu, ensure_bridge, ensure_gateways
from poplin.plugins.bridge.port import add_port, wait_until_operational
from poplin.plugins.bridge.removal import remove_port
from poplin.plugins.bridge.settings import SMALLEST_IPV6_MTU, Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import configure_interface, open_container, require_free_name
from poplin.plugins.kit.skel import note
from poplin.plugins.kit.undo import Undo
from poplin.spec.address import IP, Prefix
from poplin.spec.errors import InvalidConfig
from poplin.spec.result import Interface, Result, Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call

CONTAINER = 2  # the container's place in the result: bridge, host end, container end


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Join the container to the bridge."""
    settings = Settings(call)
    host = kernel.host
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        result = Result()
        if settings.has_ipam:
            result = ipam.add(call, kernel)
            undo.push(ipam.delete, call, kernel)
        complete(result, settings)
        mtu = choose_mtu(settings, host, result)
        bridge = ensure_bridge(host, settings, mtu, ipv6=not settings.has_ipam or has_ipv6(result))
        undo.push(remove_port, call, kernel)
        port = add_port(call, host, container, bridge, settings, mtu)
        inner = container.rtnl.get_link(call.ifname)
        result.interfaces = [
            Interface(bridge.name),
            Interface(port.name, port.mac),
            Interface(call.ifname, inner.mac, call.netns),
        ]
        set_up_container(call, container, settings, result)
        ensure_gateways(host, settings, bridge, gateway_prefixes(result) if settings.is_gateway else [])
        if not settings.disable_container_interface:
            wait_until_operational(host.rtnl, port)
        if settings.ip_masq:
            note(call, "ipMasq is accepted and not done yet: the container is not hidden behind the host")
        # only now, because a bridge that others made may have taken the new port's address
        result.interfaces[0].mac = host.rtnl.get_link(bridge.name).mac
        return call.reply(result)


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


def choose_mtu(settings: Settings, host: Namespace, result: Result) -> int:
    """The explicit one, or the uplink's if that is small, but not too small for IPv6. Raises InvalidConfig."""
    smallest = SMALLEST_IPV6_MTU if has_ipv6(result) else 0
    if settings.mtu:
        if settings.mtu < smallest:
            raise InvalidConfig(f"mtu {settings.mtu} is too small for IPv6", f"it needs {smallest}")
        return settings.mtu
    mtu = default_mtu(host)
    return max(mtu, smallest) if mtu else 0


def has_ipv6(result: Result) -> bool:
    """Whether the container gets an IPv6 address."""
    return any(item.address.ip.version == 6 for item in result.ips)


def set_up_container(call: Call, container: Namespace, settings: Settings, result: Result) -> None:
    """The container's end: switches first, because they act when the link comes up."""
    if settings.has_ipam:
        dad = "1" if settings.enable_dad else "0"
        container.prefer_sysctl(f"net/ipv6/conf/{call.ifname}/accept_dad", dad)
        if settings.enable_dad:
            container.prefer_sysctl(f"net/ipv6/conf/{call.ifname}/enhanced_dad", "1")
        container.prefer_sysctl(f"net/ipv4/conf/{call.ifname}/arp_notify", "1")
        configure_interface(container, call.ifname, result, dad=settings.enable_dad)
    elif not settings.disable_container_interface:
        container.rtnl.apply(set_link(call.ifname, up=True))


def gateway_prefixes(result: Result) -> list[Prefix]:
    """The gateways with their networks' lengths, IPv4 first."""
    found = [Prefix(item.gateway, item.address.length) for item in result.ips if item.gateway]
    return sorted(dict.fromkeys(found), key=lambda gateway: gateway.ip.version)
