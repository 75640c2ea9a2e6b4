"""STATUS: whether ADD would work, which is IPAM's to say."""

from __future__ import annotations

from poplin.linux.nft.nat import NAT
from poplin.plugins.kit import ipam
from poplin.plugins.kit.readiness import require_rules
from poplin.plugins.ptp.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    if Settings(call).ip_masq:
        require_rules(kernel, NAT)
    ipam.status(call, kernel)
