"""The ifb device through which what the container sends is led, because only what leaves a link can be made to wait.

    container eth0 ══ vethc0ffee00 ── redirect ──▶ bwpa8eda89404b7 ── as fast as it may ──▶ on its way

It bears the attachment's alias, by which DEL and GC know it; the reference's has none. It is born under a name of the
attachment's own, with the alias in the same breath, and only then gets the name that others might be about to take.
"""

from __future__ import annotations

from errno import EEXIST, EOPNOTSUPP

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.ifb import KIND, add_ifb
from poplin.linux.wire.link import set_link
from poplin.linux.wire.move import rename_link
from poplin.plugins.bandwidth.names import own_name, shared_name
from poplin.plugins.bandwidth.redirect import leads_to
from poplin.plugins.kit.attachment import link_alias
from poplin.plugins.kit.pair import silence_ipv6
from poplin.spec.errors import Conflict, KernelRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call


def find_intermediate(rtnl: Rtnl, call: Call, outer: Link | None) -> Link | None:
    """The attachment's: ours, or the reference's. That one could be another attachment's too, so the host's end
    `outer` must lead there, if it is known."""
    shared, own = rtnl.find_link(shared_name(call)), rtnl.find_link(own_name(call))
    for each in (shared, own):
        if each and each.kind == KIND and each.alias == link_alias(call.key):
            return each
    is_theirs = shared and shared.kind == KIND and not shared.alias
    if shared and is_theirs and (outer is None or leads_to(rtnl, outer, shared)):
        return shared
    return None


def make_intermediate(call: Call, host: Namespace, mtu: int) -> Link:
    """A new one, which is down. Raises Conflict, KernelRefused, NetlinkError."""
    rtnl, own, shared = host.rtnl, own_name(call), shared_name(call)
    if rtnl.find_link(own):
        raise Conflict(f"the host has a link {own!r} already", f"`ip link delete dev {own}` makes room for ours")
    try:
        rtnl.apply(add_ifb(own, mtu), set_link(own, alias=link_alias(call.key)))
    except NetlinkError as error:
        if error.errno == EOPNOTSUPP:
            raise KernelRefused("this kernel knows no ifb", f"load it with `modprobe ifb`; {error}") from None
        if error.errno != EEXIST:
            rtnl.remove_link(own)  # which may have no alias by which it would be known
        raise
    made = rtnl.get_link(own)
    if rtnl.find_link(shared) is None:
        try:
            rtnl.apply(rename_link(made, shared, alias=link_alias(call.key)))
            made.name = shared
        except NetlinkError as error:
            if error.errno != EEXIST:
                raise
    silence_ipv6(host, made.name)  # what it said itself would be counted
    return made


def remove_intermediate(rtnl: Rtnl, call: Call) -> None:
    """Ours, after an ADD that failed."""
    for name in (shared_name(call), own_name(call)):
        found = rtnl.find_link(name)
        if found and found.alias == link_alias(call.key):
            rtnl.remove_link(found.name, found.index)
