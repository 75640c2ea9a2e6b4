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
        from poplin.plugins.portmap.owners import claim
        from poplin.plugins.portmap.publish import open_way, unpublish

        claim(call, kernel, plan, targets)  # all or nothing; ports of an ADD before this one stay
        with Undo() as undo:
            undo.push(unpublish, call, kernel)
            open_way(call, kernel, settings, plan, targets)
    return reply
