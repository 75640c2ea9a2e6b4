"""STATUS: whether ADD would work, which is IPAM's to say."""

from __future__ import annotations

from poplin.plugins.dummy.settings import Settings
from poplin.plugins.kit import ipam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    Settings(call)
    ipam.status(call, kernel)
