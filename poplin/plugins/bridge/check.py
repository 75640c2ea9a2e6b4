"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.linux.wire.link import IFF_PROMISC
from poplin.plugins.bridge.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.checks import (
    check_addresses,
    check_container_link,
    check_mac,
    check_routes,
    get_container_interface,
)
from poplin.plugins.kit.container import open_container
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call
    from poplin.spec.result import Result


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    ipam.check(call, kernel)
    with open_container(kernel, call.netns) as container:
        check_attachment(call, kernel, container, settings)


def check_attachment(call: Call, kernel: Kernel, container: Namespace, settings: Settings) -> None:
    """Bridge, container end, host end, addresses, routes."""
    result = call.get_prev_result()
    wanted = get_container_interface(result, call.ifname, call.netns, kernel)
    bridge = check_bridge(kernel.host, settings, result)
    inner = check_container_link(container, wanted, "veth")
    check_port(kernel.host, result, bridge, inner)
    if not settings.disable_container_interface and not inner.is_up:
        raise CheckFailed(f"interface {inner.name!r} is down", f"in {call.netns}")
    check_addresses(container, inner, result, result.interfaces.index(wanted))
    check_routes(container, result.routes)


def check_bridge(host: Namespace, settings: Settings, result: Result) -> Link:
    """The bridge of the result as the configuration wants it."""
    wanted = next((item for item in result.interfaces if item.name == settings.bridge and not item.sandbox), None)
    if wanted is None:
        raise CheckFailed(f"prevResult has no bridge {settings.bridge!r}")
    link = host.rtnl.find_link(settings.bridge)
    if link is None:
        raise CheckFailed(f"bridge {settings.bridge!r} is gone")
    if link.kind != "bridge":
        raise CheckFailed(f"{settings.bridge!r} is no bridge", f"it is a {link.kind or 'device'}")
    check_mac(link, wanted)
    if bool(link.flags & IFF_PROMISC) != settings.promisc:
        raise CheckFailed(f"bridge {settings.bridge!r} has another promiscuous mode", f"wanted is {settings.promisc}")
    return link


def check_port(host: Namespace, result: Result, bridge: Link, inner: Link) -> None:
    """The far end of the container's veth is an interface of the result and a port of the bridge."""
    outer = host.rtnl.find_link_by_index(inner.link)
    if outer is None or outer.kind != "veth" or outer.link != inner.index:
        raise CheckFailed(f"the host's end of {inner.name!r} is gone")
    wanted = next((item for item in result.interfaces if item.name == outer.name and not item.sandbox), None)
    if wanted is None:
        raise CheckFailed(f"the host's end of {inner.name!r} is {outer.name!r}, which prevResult does not have")
    check_mac(outer, wanted)
    if outer.master != bridge.index:
        raise CheckFailed(f"{outer.name!r} is no port of bridge {bridge.name!r}")
