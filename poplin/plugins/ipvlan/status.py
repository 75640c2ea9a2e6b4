"""STATUS: whether ADD would work. The master is there, and IPAM has an address."""

from __future__ import annotations

from poplin.plugins.ipvlan.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.master import require_master

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    settings = Settings(call)
    if settings.has_ipam or settings.master.name:  # else the chain brings the master, which is not known yet
        require_master(settings.master, kernel)
    ipam.status(call, kernel)
