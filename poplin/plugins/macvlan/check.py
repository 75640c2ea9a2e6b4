"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.linux.wire.macvlan import KIND, find_mode
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.master_check import check_mode, check_upper
from poplin.plugins.macvlan.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    ipam.check(call, kernel)
    with open_container(kernel, call.netns) as container:
        link = check_upper(call, kernel, container, settings.master, KIND)
    check_mode(link, find_mode(link), settings.mode)
