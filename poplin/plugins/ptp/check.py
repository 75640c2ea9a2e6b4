"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.checks import (
    check_addresses,
    check_container_link,
    check_host_end,
    check_routes,
    get_container_interface,
)
from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.masquerade import check_masquerade
from poplin.plugins.ptp.ends import alone
from poplin.plugins.ptp.settings import Settings
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call
    from poplin.spec.result import IPConfig


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    ipam.check(call, kernel)
    with open_container(kernel, call.netns) as container:
        ips = check_attachment(call, kernel, container)
    if settings.ip_masq:
        check_masquerade(call, kernel, [item.address for item in ips])


def check_attachment(call: Call, kernel: Kernel, container: Namespace) -> list[IPConfig]:
    """Container end, host end, addresses, routes on both sides; the container's addresses."""
    result = call.get_prev_result()
    wanted = get_container_interface(result, call.ifname, call.netns, kernel)
    index = result.interfaces.index(wanted)
    ips = [item for item in result.ips if item.interface == index]
    inner = check_container_link(container, wanted, "veth")
    outer = check_host_end(kernel.host, result, inner)
    for link, where in ((inner, call.netns), (outer, "the host")):
        if not link.is_up:
            raise CheckFailed(f"interface {link.name!r} is down", f"in {where}")
    check_addresses(container, inner, result, index)
    check_gateways(container, inner, ips)
    check_routes(container, inner, result.routes)
    check_host(kernel.host, outer, ips)
    return ips


def check_gateways(container: Namespace, inner: Link, ips: list[IPConfig]) -> None:
    """The container has a route to each gateway alone."""
    present = {entry.dst for entry in container.rtnl.list_routes() if entry.index == inner.index}
    for item in ips:
        if item.gateway and alone(item.gateway) not in present:
            raise CheckFailed(f"route to the gateway {item.gateway} is missing", f"on {inner.name}")


def check_host(host: Namespace, outer: Link, ips: list[IPConfig]) -> None:
    """The gateways are on the host's end, and the way to the container's addresses leads there."""
    present = [address.prefix.ip for address in host.rtnl.list_addresses(outer.index)]
    for item in ips:
        if item.gateway and item.gateway not in present:
            raise CheckFailed(f"address {item.gateway} is missing from {outer.name}", "the host's end")
        route = host.rtnl.find_route_to(item.address.ip)
        if route is None or route.index != outer.index:
            raise CheckFailed(f"route to {item.address.ip} is missing from the host", f"it leads to {outer.name}")
