"""STATUS: whether ADD could let a container through now."""

from __future__ import annotations

from poplin.linux.nft.forward import FORWARD, ISOLATION
from poplin.plugins.firewall.firewalld import Firewalld
from poplin.plugins.firewall.settings import ISOLATED, Settings
from poplin.plugins.kit.readiness import require_rules
from poplin.spec.errors import IOFailure, PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable."""
    settings = Settings(call)
    require_rules(kernel, FORWARD)
    if settings.policy == ISOLATED:
        require_rules(kernel, ISOLATION)
    with Firewalld(call.env.everything, kernel.host) as firewalld:
        try:
            firewalld.is_wanted(settings.backend)
        except IOFailure as error:
            raise PluginNotAvailable(error.msg, error.details) from None
