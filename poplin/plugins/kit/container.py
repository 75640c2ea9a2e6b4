"""The container's side of an attachment: open its namespace, give its interface addresses and routes."""

from __future__ import annotations

import posix
import time

from poplin.linux.netns import NotANamespace
from poplin.linux.wire.addr import IFA_F_DADFAILED, IFA_F_TENTATIVE, add_address
from poplin.linux.wire.link import set_link
from poplin.linux.wire.route import RT_TABLE_MAIN, RouteEntry, append_route
from poplin.plugins.kit.switches import ensure_ipv6
from poplin.spec.errors import Conflict, InvalidConfig, InvalidNamespace
from poplin.spec.names import check_new_interface_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.address import IP
    from poplin.spec.result import IPConfig, Result, Route

# Seconds: duplicate address detection takes one to two, on a busy machine more, and without carrier it never ends.
DAD_PATIENCE, DAD_WITHOUT_CARRIER = 20.0, 5.0
DAD_POLL = 0.05
# The most each number of a route may be: attributes of 32 bits, and the scope one byte of the message.
ROUTE_NUMBERS = {"mtu": 0xFFFFFFFF, "advmss": 0xFFFFFFFF, "priority": 0xFFFFFFFF, "table": 0xFFFFFFFF, "scope": 0xFF}


def open_container(kernel: Kernel, path: str) -> Namespace:
    """The namespace CNI_NETNS names. Raises InvalidNamespace."""
    try:
        return kernel.open(path)
    except OSError as error:
        raise InvalidNamespace("cannot open CNI_NETNS", f"{path}: {error.strerror}") from None


def find_container(kernel: Kernel, path: str) -> Namespace | None:
    """The same for DEL: None if the path is empty, leads nowhere, or to something else by now."""
    try:
        return kernel.open(path) if path else None
    except (FileNotFoundError, NotADirectoryError, ProcessLookupError, NotANamespace):
        return None


def find_absolute(path: str) -> str:
    """The path of a namespace as somebody can follow it who works elsewhere, or later."""
    return path if path.startswith("/") or not path else f"{posix.getcwd()}/{path}"


def require_free_name(container: Namespace, ifname: str) -> None:
    """Raises Conflict if the container has such a link already, InvalidEnvironment if it can never have one."""
    check_new_interface_name(ifname)
    link = container.rtnl.find_link(ifname)
    if link:
        what = link.kind or "link"
        raise Conflict(
            f"the container already has an interface {ifname!r}", f"a {what}; DEL it first or use another CNI_IFNAME"
        )


def configure_interface(
    container: Namespace, ifname: str, result: Result, *, dad: bool = False, link: Link | None = None
) -> None:
    """Addresses, link up, routes: what `result` says of `ifname`, in one send. `link` is it if that is known.

    An address without `interface` belongs to nobody here and is skipped. Raises InvalidConfig when the result does
    not fit the interface, Conflict when duplicate address detection finds another owner.
    """
    ips = [item for item in result.ips if item.interface is not None]
    check_indexes(ips, ifname, result)
    link = link or container.rtnl.get_link(ifname)
    if any(item.address.ip.version == 6 for item in ips):
        enable_ipv6(container, ifname)
    container.rtnl.apply(
        *(add_address(ifname, link.index, item.address, dad=dad) for item in ips),
        set_link(ifname, link.index, up=True),
        *(append_route(ifname, entry) for entry in resolve_routes(link, ips, result.routes)),
    )
    if dad and any(item.address.ip.version == 6 for item in ips):
        wait_for_dad(container, link)


def check_indexes(ips: list[IPConfig], ifname: str, result: Result) -> None:
    """Every address must belong to `ifname`. Raises InvalidConfig."""
    if not result.interfaces:
        raise InvalidConfig("the result has no interfaces to configure")
    for item in ips:
        index = item.interface or 0
        if not 0 <= index < len(result.interfaces):
            raise InvalidConfig(f"address {item.address} names interface {index}", "the result has no such interface")
        if result.interfaces[index].name != ifname:
            raise InvalidConfig(f"address {item.address} is for {result.interfaces[index].name!r}, not {ifname!r}")


def resolve_routes(link: Link, ips: list[IPConfig], routes: list[Route]) -> list[RouteEntry]:
    """The routes as the kernel wants them: without `gw` by the first gateway of the family, and none twice.

    Raises InvalidConfig for a number that the kernel has no room for.
    """
    for route in routes:
        check_numbers(route)
    gateways: dict[int, IP] = {}
    for item in ips:
        if item.gateway:
            gateways.setdefault(item.gateway.version, item.gateway)
    entries = [
        RouteEntry(
            route.dst,
            link.index,
            find_next_hop(route, gateways),
            mtu=route.mtu,
            advmss=route.advmss,
            priority=route.priority,
            table=route.table or RT_TABLE_MAIN,  # which is what the kernel takes 0 for
            scope=route.scope,
        )
        for route in routes
    ]
    return list(dict.fromkeys(entries))


def find_next_hop(route: Route, gateways: dict[int, IP]) -> IP | None:
    """The route's own gateway, or its family's; 0.0.0.0 is none: the destination is on the link (RFC 3442)."""
    gw = route.gw or gateways.get(route.dst.ip.version)
    return gw if gw and gw.value else None


def check_numbers(route: Route) -> None:
    """Raises InvalidConfig."""
    for key, largest in ROUTE_NUMBERS.items():
        value = getattr(route, key) or 0
        if not 0 <= value <= largest:
            raise InvalidConfig(f"invalid {key} {value} of the route to {route.dst}", f"it can be 0 to {largest}")


def enable_ipv6(container: Namespace, ifname: str) -> None:
    """IPv6 on for `lo` and `ifname`, where images or runtimes switch it off; addresses survive link down."""
    for name in ("lo", ifname):
        ensure_ipv6(container, name)
    container.write_sysctl(f"net/ipv6/conf/{ifname}/keep_addr_on_down", "1")


def wait_for_dad(container: Namespace, link: Link) -> None:
    """Until no address is tentative. Raises Conflict if one is a duplicate; gives up quietly on a link without
    carrier, where detection never ends."""
    began = time.monotonic()
    while True:
        addresses = container.rtnl.list_addresses(link.index)
        for address in addresses:
            if address.flags & IFA_F_DADFAILED:
                raise Conflict(f"address {address.prefix} is in use by another host")
        if not any(address.flags & IFA_F_TENTATIVE for address in addresses):
            return
        waited = time.monotonic() - began
        if waited > DAD_WITHOUT_CARRIER and not container.rtnl.get_link(link.name).is_operational:
            return
        if waited > DAD_PATIENCE:
            raise Conflict(f"duplicate address detection on {link.name} did not end", f"within {DAD_PATIENCE:g} s")
        time.sleep(DAD_POLL)
