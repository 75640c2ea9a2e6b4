"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.linux.tap import KIND, is_tap
from poplin.plugins.kit import ipam
from poplin.plugins.kit.checks import check_configuration, check_container_link, get_container_interface
from poplin.plugins.kit.container import open_container
from poplin.plugins.tap.settings import Settings
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    ipam.check(call, kernel)
    with open_container(kernel, call.netns) as container:
        result = call.get_prev_result()
        wanted = get_container_interface(result, call.ifname, call.netns, kernel)
        link = check_container_link(container, wanted, KIND)
        check_tap(container, link, settings)
        check_configuration(container, link, result, wanted)


def check_tap(container: Namespace, link: Link, settings: Settings) -> None:
    """What the configuration says of the link itself. Raises CheckFailed."""
    if not is_tap(link.data):
        raise CheckFailed(f"interface {link.name!r} is no tap", "it is a tun, without Ethernet frames")
    if settings.mtu and link.mtu != settings.mtu:
        raise CheckFailed(f"interface {link.name!r} has another mtu", f"{link.mtu} instead of {settings.mtu}")
    bridge = container.rtnl.find_link(settings.bridge) if settings.bridge else None
    if settings.bridge and (bridge is None or link.master != bridge.index):
        what = "is gone" if bridge is None else f"does not have {link.name!r} as a port"
        raise CheckFailed(f"the bridge {settings.bridge!r} {what}", "in the container")
