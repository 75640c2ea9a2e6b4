"""RESTORE, for `poplin reload`: let the container through again, from the result of ADD."""

from __future__ import annotations

from poplin.plugins.firewall.admission import let_through
from poplin.plugins.firewall.firewalld import Firewalld
from poplin.plugins.firewall.plan import Plan
from poplin.plugins.firewall.settings import Settings
from poplin.plugins.kit.undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. Raises CNIError."""
    settings = Settings(call)
    with Firewalld(call.env.everything, kernel.host) as firewalld:
        is_zoned = firewalld.is_wanted(settings.backend)
        plan = Plan(call, settings, call.get_prev_result(), is_zoned=is_zoned)
        kernel.host.nft.load(plan.skeleton)  # what leads to the administrator's chain, which nobody else loads anew
        let_through(call, kernel.host, plan, firewalld, settings.zone, Undo())  # what could be restored stays
