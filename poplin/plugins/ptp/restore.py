"""RESTORE, for `poplin reload`: the firewall's part of ADD again, from the result of ADD."""

from __future__ import annotations

from poplin.plugins.kit.masquerade import masquerade
from poplin.plugins.ptp.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. Raises CNIError."""
    if Settings(call).ip_masq:
        masquerade(call, kernel, [item.address for item in call.get_prev_result().ips])
