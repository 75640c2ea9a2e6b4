"""STATUS: whether ADD would work. The driver is there, and IPAM has an address."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.tap.driver import require_driver
from poplin.plugins.tap.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    Settings(call)
    require_driver()
    ipam.status(call, kernel)
