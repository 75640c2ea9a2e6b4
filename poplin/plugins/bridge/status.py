"""STATUS: whether ADD would work. The bridge's name is free or a bridge's that will do, and IPAM has an address."""

from __future__ import annotations

from poplin.linux.nft.antispoof import ANTISPOOF
from poplin.linux.nft.nat import NAT
from poplin.plugins.bridge.device import require_bridge
from poplin.plugins.bridge.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.readiness import require_rules
from poplin.spec.errors import Conflict, PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable."""
    settings = Settings(call)
    link = kernel.host.rtnl.find_link(settings.bridge)
    if link:
        try:
            require_bridge(link, settings)
        except Conflict as error:
            raise PluginNotAvailable(error.msg, error.details) from None
    if settings.ip_masq:
        require_rules(kernel, NAT)
    if settings.mac_spoof_check:
        require_rules(kernel, ANTISPOOF)
    ipam.status(call, kernel)
