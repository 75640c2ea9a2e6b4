"""What CHECK compares, for every interface plugin: interface, addresses, routes of prevResult against the kernel."""

from __future__ import annotations

from poplin.linux.wire.route import RT_TABLE_MAIN
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.route import RouteEntry
    from poplin.spec.result import Interface, Result, Route


def get_container_interface(result: Result, ifname: str, sandbox: str, kernel: Kernel) -> Interface:
    """The last interface of prevResult with this name inside this sandbox. Raises CheckFailed.

    The sandbox is the same if its path is, or if both paths lead to one namespace: runtimes know several for it.
    """
    named = [item for item in result.interfaces if item.name == ifname and item.sandbox]
    for item in reversed(named):
        if item.sandbox == sandbox or is_same_namespace(kernel, item.sandbox, sandbox):
            return item
    known = ", ".join(f"{item.name} in {item.sandbox}" for item in named) or "none"
    raise CheckFailed(f"prevResult has no interface {ifname!r} in sandbox {sandbox}", f"it has {known}")


def is_same_namespace(kernel: Kernel, one: str, other: str) -> bool:
    """Whether both paths lead to the same namespace now."""
    try:
        with kernel.open(one) as first, kernel.open(other) as second:
            return first.identity == second.identity
    except (OSError, ValueError):  # ValueError: prevResult may spell what is no path, such as a NUL
        return False


def check_container_link(container: Namespace, wanted: Interface, kind: str) -> Link:
    """The link in the container, of this kind and with the MAC of the result. Raises CheckFailed."""
    link = container.rtnl.find_link(wanted.name)
    if link is None:
        raise CheckFailed(f"interface {wanted.name!r} is gone from the container", wanted.sandbox)
    if link.kind != kind:
        raise CheckFailed(f"interface {wanted.name!r} is no {kind}", f"it is a {link.kind or 'device'}")
    check_mac(link, wanted)
    return link


def check_host_end(host: Namespace, result: Result, inner: Link) -> Link:
    """The far end of the container's veth: on the host, and an interface of the result. Raises CheckFailed."""
    outer = host.rtnl.find_link_by_index(inner.link)
    if outer is None or outer.kind != "veth" or outer.link != inner.index:
        raise CheckFailed(f"the host's end of {inner.name!r} is gone")
    wanted = next((item for item in result.interfaces if item.name == outer.name and not item.sandbox), None)
    if wanted is None:
        raise CheckFailed(f"the host's end of {inner.name!r} is {outer.name!r}, which prevResult does not have")
    check_mac(outer, wanted)
    return outer


def check_mac(link: Link, wanted: Interface) -> None:
    """Raises CheckFailed if the MAC is another than the result's."""
    if wanted.mac and wanted.mac.lower() != link.mac:
        raise CheckFailed(f"interface {link.name!r} has another MAC", f"{link.mac} instead of {wanted.mac}")


def check_configuration(container: Namespace, link: Link, result: Result, interface: Interface) -> None:
    """The container's link is up and has what the result says of `interface`, which it is. Raises CheckFailed."""
    if not link.is_up:
        raise CheckFailed(f"interface {link.name!r} is down", f"in {interface.sandbox}")
    check_addresses(container, link, result, result.interfaces.index(interface))
    check_routes(container, link, result.routes)


def check_addresses(container: Namespace, link: Link, result: Result, index: int) -> None:
    """Every address of the result's interface `index` is on the link, with a route to its network.

    An address alone in its network (/32, /128) needs no such route.
    """
    present = [address.prefix for address in container.rtnl.list_addresses(link.index)]
    networks = {entry.dst for entry in container.rtnl.list_routes() if entry.index == link.index}
    for item in result.ips:
        if item.interface != index:
            continue
        if item.address not in present:
            raise CheckFailed(f"address {item.address} is missing from {link.name}", f"it has {_join(present)}")
        if item.address.length < item.address.ip.bits and item.address.network not in networks:
            raise CheckFailed(f"route to the network of {item.address} is missing", f"on {link.name}")


def check_routes(container: Namespace, link: Link, routes: list[Route]) -> None:
    """Every route of the result is there, in its own table, or, if it has none, where a plugin after this one may have
    moved it to; a default route may have got another gateway. Raises CheckFailed."""
    present = container.rtnl.list_routes()
    tables: set[int] = set()
    for route in routes:
        table = route.table or RT_TABLE_MAIN  # which is what the kernel takes 0 for
        found = [entry for entry in present if is_route(route, entry)]
        if any(entry.table == table for entry in found):
            continue
        tables = tables or list_diversions(container, link)
        if route.table or not any(entry.table in tables for entry in found):
            via = f" via {route.gw}" if route.gw else ""
            raise CheckFailed(f"route to {route.dst}{via} is missing from the container", f"table {table}")


def is_route(wanted: Route, entry: RouteEntry) -> bool:
    """Whether it leads there, by the right gateway if that matters."""
    is_same_way = not wanted.gw or not wanted.gw.value or wanted.dst.is_default or entry.gw == wanted.gw
    return entry.dst == wanted.dst.network and is_same_way


def list_diversions(container: Namespace, link: Link) -> set[int]:
    """The tables that count for the link's packets in place of the main one: that of its VRF, and those to which rules
    send what its addresses say."""
    from poplin.linux.wire.vrf import KIND, table_of

    master = container.rtnl.find_link_by_index(link.master) if link.master else None
    sources = {each.prefix.alone for each in container.rtnl.list_addresses(link.index)}
    tables = {rule.table for rule in container.rtnl.list_rules() if rule.src in sources}
    return tables | {table_of(master)} if master and master.kind == KIND else tables


def _join(items: Sequence[object]) -> str:
    return ", ".join(map(str, items)) or "none"
