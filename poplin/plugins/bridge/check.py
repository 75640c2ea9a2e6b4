"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.linux.wire.link import IFF_PROMISC
from poplin.plugins.bridge.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.checks import (
    check_addresses,
    check_container_link,
    check_host_end,
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
    port = check_port(kernel.host, result, bridge, inner)
    if settings.mac_spoof_check:
        from poplin.plugins.bridge.antispoof import check_guard

        check_guard(call, kernel, port.name, inner.mac)
    if settings.filters_vlans:
        check_vlans(kernel.host, settings, result, bridge, port)
    if not settings.disable_container_interface and not inner.is_up:
        raise CheckFailed(f"interface {inner.name!r} is down", f"in {call.netns}")
    check_addresses(container, inner, result, result.interfaces.index(wanted))
    check_routes(container, inner, result.routes)
    if settings.ip_masq:
        from poplin.plugins.kit.masquerade import check_masquerade

        check_masquerade(call, kernel, [item.address for item in result.ips])


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


def check_port(host: Namespace, result: Result, bridge: Link, inner: Link) -> Link:
    """The far end of the container's veth, which must be an interface of the result and a port of the bridge."""
    outer = check_host_end(host, result, inner)
    if outer.master != bridge.index:
        raise CheckFailed(f"{outer.name!r} is no port of bridge {bridge.name!r}")
    return outer


def check_vlans(host: Namespace, settings: Settings, result: Result, bridge: Link, port: Link) -> None:
    """The bridge filters, the port is in its VLANs, and the gateway of `vlan` is there."""
    from poplin.plugins.bridge.vlan_check import check_port_vlans, check_vlan_gateway  # most networks do without

    check_port_vlans(host, settings, bridge, port)
    if settings.vlan_gateway:
        check_vlan_gateway(host, settings, result, bridge)
