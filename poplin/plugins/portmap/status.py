"""STATUS: whether ADD could publish a port now: nftables answers, and its rules are loaded or can be."""

from __future__ import annotations

from poplin.linux.nft.nat import NAT
from poplin.plugins.kit.readiness import require_rules
from poplin.plugins.portmap.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable."""
    Settings(call)
    require_rules(kernel, NAT)
