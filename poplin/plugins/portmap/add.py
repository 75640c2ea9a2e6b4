"""ADD: publish the ports and pass prevResult on."""

from __future__ import annotations

from poplin.plugins.portmap.plan import Plan, find_targets
from poplin.plugins.portmap.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Raises InvalidConfig without prevResult, Conflict for a port that another container has."""
    settings = Settings(call)
    result = call.get_prev_result()
    reply = call.reply(result)
    targets = find_targets(result, call.ifname)
    plan = Plan(call, settings, targets)
    if plan.ports:
        # imported here because most containers publish nothing
        from poplin.plugins.kit.undo import Undo
        from poplin.plugins.portmap.publish import publish, unpublish

        with Undo() as undo:
            undo.push(unpublish, call, kernel)
            publish(call, kernel, settings, plan, targets)
    return reply
