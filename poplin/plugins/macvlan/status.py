"""STATUS: whether ADD would work. The master is there, and IPAM has an address."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.master import require_master
from poplin.plugins.macvlan.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    require_master(Settings(call).master, kernel)
    ipam.status(call, kernel)
