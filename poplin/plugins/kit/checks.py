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


def check_routes(container: Namespace, routes: list[Route]) -> None:
    """Every route of the result is there, in its own table; a default route may have got another gateway."""
    present = container.rtnl.list_routes()
    for route in routes:
        table = route.table or RT_TABLE_MAIN  # which is what the kernel takes 0 for
        found = [entry for entry in present if entry.dst == route.dst.network and entry.table == table]
        if route.gw and not route.dst.is_default:
            found = [entry for entry in found if entry.gw == route.gw]
        if not found:
            via = f" via {route.gw}" if route.gw else ""
            raise CheckFailed(f"route to {route.dst}{via} is missing from the container", f"table {table}")


def _join(items: Sequence[object]) -> str:
    return ", ".join(map(str, items)) or "none"
