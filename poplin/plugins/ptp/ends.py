"""The two ends of the link. They share no network: each knows of the other by routes to single addresses.

    host        address GATEWAY/32, route IP/32
    container   address IP/24 without the kernel's own route to the network; routes GATEWAY/32, then NETWORK via GATEWAY

So the container's neighbours, even those of its own network, are reached by way of the host.
"""

from __future__ import annotations

from errno import EEXIST

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.link import set_link
from poplin.linux.wire.route import (
    RT_SCOPE_HOST,
    RT_SCOPE_LINK,
    RouteEntry,
    add_route,
    append_route,
)
from poplin.plugins.kit.container import enable_ipv6, resolve_routes
from poplin.plugins.kit.pair import silence_ipv6
from poplin.plugins.kit.switches import ensure_ipv6
from poplin.spec.address import IP, Prefix
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.result import IPConfig, Result


def set_up_host(host: Namespace, link: Link, ips: list[IPConfig]) -> None:
    """The host's end: up, with the gateways on it, and a route to each address. Raises Conflict."""
    if any(item.address.ip.version == 6 for item in ips):
        ensure_ipv6(host, link.name)
        host.prefer_sysctl(f"net/ipv6/conf/{link.name}/accept_ra", "0")
        skip_detection(host, link.name)
    else:
        silence_ipv6(host, link.name)
    gateways = dict.fromkeys(alone(item.gateway) for item in ips if item.gateway)
    addresses = dict.fromkeys(item.address.ip for item in ips)
    try:
        host.rtnl.apply(
            *(add_address(link.name, link.index, gateway, prefix_route=False) for gateway in gateways),
            set_link(link.name, link.index, up=True),
            *(add_route(link.name, route_to(link, ip)) for ip in addresses),
        )
    except NetlinkError as error:
        if error.errno != EEXIST:
            raise
        raise explain_conflict(host, link, list(addresses)) from None


def skip_detection(namespace: Namespace, name: str) -> None:
    """No duplicate address detection on this link, which has two ends and no more. While the link-local address waited
    for it, the kernel would ask for no neighbour on behalf of others."""
    namespace.prefer_sysctl(f"net/ipv6/conf/{name}/accept_dad", "0")


def route_to(link: Link, ip: IP) -> RouteEntry:
    """The host's route to a container's address. IPv6 knows no scopes."""
    return RouteEntry(alone(ip), link.index, scope=RT_SCOPE_HOST if ip.version == 4 else None)


def explain_conflict(host: Namespace, link: Link, addresses: list[IP]) -> Conflict:
    """Which address the host reaches in another way, and how."""
    for ip in addresses:
        route = host.rtnl.find_route_to(ip)
        if route and route.index != link.index:
            other = host.rtnl.find_link_by_index(route.index)
            owner = f" of {other.alias}" if other and other.alias else ""
            return Conflict(f"the host already has a route to {ip}", f"by {other.name if other else 'a link'}{owner}")
    return Conflict("the host already has a route to an address of the container", ", ".join(map(str, addresses)))


def set_up_container(container: Namespace, link: Link, result: Result) -> None:
    """The container's end: addresses, up, the way to the host, then the result's routes. Raises InvalidConfig."""
    if 6 in result.families:
        enable_ipv6(container, link.name)
        skip_detection(container, link.name)
    container.rtnl.apply(
        *(add_address(link.name, link.index, item.address, prefix_route=False) for item in result.ips),
        set_link(link.name, link.index, up=True),
        *(append_route(link.name, entry) for entry in plan_routes(link, result)),
    )


def plan_routes(link: Link, result: Result) -> list[RouteEntry]:
    """The container's routes, each once, in the order in which the kernel can take them."""
    own = route_gateways(link, result.ips) | route_networks(link, result.ips)
    for entry in resolve_routes(link, result.ips, result.routes):
        # one of the container's network that is no gateway of its own: no route says that it is on the link
        entry.onlink = any(entry.gw in item.address and entry.gw != item.gateway for item in result.ips if entry.gw)
        own.setdefault(path(entry), entry)
    return list(own.values())


def route_gateways(link: Link, ips: list[IPConfig]) -> dict[tuple[object, ...], RouteEntry]:
    """The gateways are on the link. Two addresses may have one."""
    found: dict[tuple[object, ...], RouteEntry] = {}
    for item in ips:
        if item.gateway:
            scope = RT_SCOPE_LINK if item.gateway.version == 4 else None
            entry = RouteEntry(alone(item.gateway), link.index, scope=scope, src=item.address.ip)
            found.setdefault(path(entry), entry)
    return found


def route_networks(link: Link, ips: list[IPConfig]) -> dict[tuple[object, ...], RouteEntry]:
    """Everything else of the addresses' networks is behind the gateways. An address alone in its network has none."""
    found: dict[tuple[object, ...], RouteEntry] = {}
    for item in ips:
        if item.address.length < item.address.ip.bits:
            entry = RouteEntry(item.address.network, link.index, item.gateway, src=item.address.ip)
            found.setdefault(path(entry), entry)
    return found


def path(entry: RouteEntry) -> tuple[object, ...]:
    """What no two routes may share, lest the kernel refuse the second: it does not look at `src`."""
    return entry.dst.network, entry.gw, entry.table, entry.priority


def alone(ip: IP) -> Prefix:
    """The address as a network of its own."""
    return Prefix(ip, ip.bits)
