"""Taking the limits of an attachment off again, whoever set them: ours, or the reference before the node changed."""

from __future__ import annotations

from poplin.linux.wire.qdisc import TC_H_INGRESS, TC_H_ROOT
from poplin.plugins.bandwidth.ends import find_host_end
from poplin.plugins.bandwidth.names import own_name, shared_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call


def lift(call: Call, kernel: Kernel) -> None:
    """Repeatable, and every step is tried. Most attachments have no limits: then nothing more is loaded. Raises
    CNIError."""
    rtnl = kernel.host.rtnl
    outer = find_host_end(call, kernel)
    if not has_traces(call, rtnl, outer):
        return
    from poplin.linux.shaping import ensure_shape
    from poplin.plugins.bandwidth.egress import lift_egress
    from poplin.plugins.kit.teardown import Teardown

    with Teardown() as teardown:
        teardown.run(lift_egress, call, rtnl, outer)
        if outer:
            teardown.run(ensure_shape, rtnl, outer, None)


def has_traces(call: Call, rtnl: Rtnl, outer: Link | None) -> bool:
    """Whether there is anything that could be a limit of this attachment."""
    if any(rtnl.find_link(name) for name in (shared_name(call), own_name(call))):
        return True
    found = [rtnl.find_qdisc(outer.name, outer.index, each) for each in (TC_H_ROOT, TC_H_INGRESS)] if outer else []
    return any(each and each.handle for each in found)
