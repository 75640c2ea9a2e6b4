"""What the container sends: limited by way of the intermediate device, and let go directly again."""

from __future__ import annotations

from poplin.linux.shaping import ensure_shape, read_shape
from poplin.linux.wire.link import set_link
from poplin.plugins.bandwidth.intermediate import find_intermediate, make_intermediate, remove_intermediate
from poplin.plugins.bandwidth.redirect import ensure_redirect, remove_redirect
from poplin.plugins.kit.attachment import link_alias

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.shaping import Shape
    from poplin.linux.wire.link import Link
    from poplin.plugins.kit.undo import Undo
    from poplin.spec.call import Call


def limit_egress(call: Call, host: Namespace, outer: Link, shape: Shape, undo: Undo) -> Link:
    """The device, its queue, and the way to it, in this order: nothing is led where nothing is. Raises Conflict,
    KernelRefused, NetlinkError."""
    rtnl = host.rtnl
    found = find_intermediate(rtnl, call, outer)
    if found:
        undo.push(ensure_shape, rtnl, found, read_shape(rtnl, found))
    else:
        undo.push(remove_intermediate, rtnl, call)
        undo.push(remove_redirect, rtnl, outer)
    made = found or make_intermediate(call, host, outer.mtu)
    ensure_shape(rtnl, made, shape)  # while it is down: the kernel would look for a queue of its own for it
    alias = link_alias(call.key)
    if not (made.is_up and made.mtu == outer.mtu and made.alias == alias):
        rtnl.apply(set_link(made.name, made.index, up=True, mtu=outer.mtu, alias=alias))
    ensure_redirect(rtnl, outer, made)
    return made


def lift_egress(call: Call, rtnl: Rtnl, outer: Link | None) -> None:
    """First lead nothing to the device any more: without it what is led there would be lost. Raises NetlinkError."""
    found = find_intermediate(rtnl, call, outer)
    if outer:
        remove_redirect(rtnl, outer)
    if found:
        rtnl.remove_link(found.name, found.index)
