"""CHECK: prevResult against the kernel, after IPAM has compared its leases."""

from __future__ import annotations

from poplin.linux.wire.vlan_device import KIND, vlan_of
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.master_check import check_upper
from poplin.plugins.vlan.settings import Settings
from poplin.spec.errors import CheckFailed

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
    if vlan_of(link) != settings.vid:
        raise CheckFailed(f"interface {link.name!r} is in another VLAN", f"{vlan_of(link)} instead of {settings.vid}")
