"""Limiting both directions as far as asked for. What is there already becomes what is asked for."""

from __future__ import annotations

from poplin.linux.shaping import ensure_shape, find_root, is_shape, read_shape
from poplin.linux.wire.bucket import parse_ticks
from poplin.plugins.bandwidth.egress import lift_egress, limit_egress
from poplin.plugins.bandwidth.ends import get_host_end
from poplin.plugins.bandwidth.plan import frame_of, plan_shape
from poplin.plugins.bandwidth.settings import OCTET
from poplin.plugins.kit.skel import note
from poplin.plugins.kit.undo import Undo
from poplin.spec.errors import Conflict
from poplin.spec.result import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.shaping import Shape
    from poplin.linux.wire.link import Link
    from poplin.plugins.bandwidth.settings import Settings
    from poplin.spec.call import Call
    from poplin.spec.result import Result


def limit(call: Call, kernel: Kernel, settings: Settings, result: Result) -> None:
    """Adds the intermediate device to the result, if there is one. What is not limited any more comes last, as it
    cannot fail for want of anything. Raises InvalidConfig, Conflict, KernelRefused, NetlinkError."""
    outer = get_host_end(call, kernel, result)
    ticks = parse_ticks(kernel.host.find_net_file("psched"))
    towards, away = (plan_shape(settings, way, outer.mtu, ticks) for way in ("ingress", "egress"))
    rtnl = kernel.host.rtnl
    require_own(rtnl, outer)
    warn(call, [each for each in (towards, away) if each], outer)
    with Undo() as undo:
        undo.push(ensure_shape, rtnl, outer, read_shape(rtnl, outer))
        if towards:
            ensure_shape(rtnl, outer, towards)
        if away:
            tell(result, limit_egress(call, kernel.host, outer, away, undo))
        else:
            lift_egress(call, rtnl, outer)
        if not towards:
            ensure_shape(rtnl, outer, None)


def require_own(rtnl: Rtnl, outer: Link) -> None:
    """Raises Conflict if somebody else has given the link a queueing discipline."""
    root = find_root(rtnl, outer)
    if root and not is_shape(root):
        details = f"remove it with `tc qdisc del dev {outer.name} root`"
        raise Conflict(f"the host's end {outer.name!r} has a queue of somebody else's, {root.kind}", details)


def warn(call: Call, shapes: list[Shape], outer: Link) -> None:
    """A frame that does not fit into the bucket never passes; the reference says nothing."""
    burst, frame = min(each.bucket.burst for each in shapes) * OCTET, frame_of(outer.mtu)
    if burst < frame:
        note(call, f"a burst of {burst} bits lets no larger packet pass: packets of the MTU {outer.mtu} need {frame}")


def tell(result: Result, made: Link) -> None:
    """The device in the result, where it may be already."""
    result.interfaces = [each for each in result.interfaces if each.sandbox or each.name != made.name]
    result.interfaces.append(Interface(made.name, made.mac))
