"""ADD: let the container's addresses through, and pass prevResult on."""

from __future__ import annotations

from poplin.plugins.firewall.admission import drop_others, let_through
from poplin.plugins.firewall.firewalld import Firewalld
from poplin.plugins.firewall.plan import Plan
from poplin.plugins.firewall.settings import Settings
from poplin.plugins.kit.undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """All or nothing, and repeatable. Raises InvalidConfig without prevResult, CNIError."""
    settings = Settings(call)
    result = call.get_prev_result()
    reply = call.reply(result)
    with Firewalld(call.env.everything, kernel.host) as firewalld, Undo() as undo:
        plan = Plan(call, settings, result, is_zoned=firewalld.is_wanted(settings.backend))
        if let_through(call, kernel.host, plan, firewalld, settings.zone, undo):
            drop_others(call, kernel.host, plan, firewalld)
    return reply
