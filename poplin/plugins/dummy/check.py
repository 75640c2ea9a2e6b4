"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.linux.wire.dummy import KIND
from poplin.plugins.dummy.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.checks import check_configuration, check_container_link, get_container_interface
from poplin.plugins.kit.container import open_container

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    Settings(call)
    ipam.check(call, kernel)
    with open_container(kernel, call.netns) as container:
        result = call.get_prev_result()
        wanted = get_container_interface(result, call.ifname, call.netns, kernel)
        check_configuration(container, check_container_link(container, wanted, KIND), result, wanted)
