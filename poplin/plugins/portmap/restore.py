"""RESTORE, for `poplin reload`: publish the ports again, from the result of ADD."""

from __future__ import annotations

from poplin.plugins.portmap.owners import claim
from poplin.plugins.portmap.plan import Plan, find_targets
from poplin.plugins.portmap.publish import open_way
from poplin.plugins.portmap.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. Raises CNIError, Conflict among them for a port that somebody else has by now."""
    settings = Settings(call)
    targets = find_targets(call.get_prev_result(), call.ifname)
    plan = Plan(call, settings, targets)
    if plan.ports:
        if plan.skeleton.needs:  # rules of its own, which nobody else loads anew
            kernel.host.nft.load(plan.skeleton)
        claim(call, kernel, plan, targets)
        open_way(call, kernel, settings, plan, targets)
