"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.plugins.host_device.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.checks import check_configuration, check_mac, get_container_interface
from poplin.plugins.kit.container import open_container
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    Settings(call)
    ipam.check(call, kernel)
    result = call.get_prev_result()
    with open_container(kernel, call.netns) as container:
        wanted = get_container_interface(result, call.ifname, call.netns, kernel)
        if not wanted.mac:  # a device that a program drives: the kernel has nothing to compare
            return
        link = container.rtnl.find_link(wanted.name)
        if link is None:
            raise CheckFailed(f"interface {wanted.name!r} is gone from the container", wanted.sandbox)
        check_mac(link, wanted)
        check_configuration(container, link, result, wanted)
