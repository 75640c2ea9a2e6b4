"""STATUS: whether ADD would work, which is IPAM's to say: that another container has the device is no trouble."""

from __future__ import annotations

from poplin.plugins.host_device.settings import Settings
from poplin.plugins.kit import ipam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises what is wrong with the configuration, or what IPAM says. The selector may be the runtime's, for ADD."""
    Settings(call, needs_selector=False)
    ipam.status(call, kernel)
