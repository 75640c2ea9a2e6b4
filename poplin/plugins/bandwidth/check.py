"""CHECK: both directions are limited as asked for."""

from __future__ import annotations

from poplin.linux.shaping import find_difference, find_root, is_shape, read_shape
from poplin.linux.wire.bucket import parse_ticks
from poplin.plugins.bandwidth.ends import get_host_end
from poplin.plugins.bandwidth.intermediate import find_intermediate
from poplin.plugins.bandwidth.names import shared_name
from poplin.plugins.bandwidth.plan import plan_as_reference, plan_shape
from poplin.plugins.bandwidth.redirect import leads_to
from poplin.plugins.bandwidth.settings import Settings
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.shaping import Shape
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call

REMEDY = "DEL and ADD again, or ADD alone"


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    result = call.get_prev_result()
    if not settings.ingress and not settings.egress:
        return
    outer = get_host_end(call, kernel, result, CheckFailed)
    rtnl, ticks = kernel.host.rtnl, parse_ticks(kernel.host.find_net_file("psched"))
    for way in ("ingress", "egress"):
        wants = (plan_shape(settings, way, outer.mtu, ticks), plan_as_reference(settings, way, ticks))
        link = outer if way == "ingress" else find_way_out(call, rtnl, outer, is_wanted=wants[0] is not None)
        if link:
            check_shape(rtnl, link, way, [each for each in wants if each])


def find_way_out(call: Call, rtnl: Rtnl, outer: Link, *, is_wanted: bool) -> Link | None:
    """The device through which what the container sends must pass. Raises CheckFailed."""
    found = find_intermediate(rtnl, call, outer)
    if not is_wanted:
        return found
    if found is None:
        raise CheckFailed(f"the device {shared_name(call)!r} is gone, through which the container sends", REMEDY)
    if not found.is_up:
        raise CheckFailed(f"the device {found.name!r} is down, through which the container sends", REMEDY)
    if not leads_to(rtnl, outer, found):
        raise CheckFailed(f"no filter at {outer.name!r} leads to {found.name!r}: egress is not limited", REMEDY)
    return found


def check_shape(rtnl: Rtnl, link: Link, way: str, wants: list[Shape]) -> None:
    """The link has one of these shapes, or none if there are none. Raises CheckFailed."""
    root = find_root(rtnl, link)
    have = read_shape(rtnl, link)
    if not wants:
        if have:
            raise CheckFailed(f"{way} is limited at {link.name!r}, and should not be", str(have.bucket))
        return
    if have is None:
        there = f"{link.name!r} has {'the queue of ' + root.kind if root and not is_shape(root) else 'no queue'}"
        raise CheckFailed(f"{way} is not limited", f"{there}; {REMEDY}")
    differences = [find_difference(each, have) for each in wants]
    if all(differences):
        raise CheckFailed(f"{way} is limited otherwise at {link.name!r}", differences[0])
