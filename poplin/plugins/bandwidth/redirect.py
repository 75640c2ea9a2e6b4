"""The filter on the host's end that leads what the container sends to the intermediate device."""

from __future__ import annotations

from poplin.linux.wire.filter import ALL, KIND, Filter, add_filter, delete_filter, delete_filters
from poplin.linux.wire.qdisc import TC_H_CLSACT_INGRESS, TC_H_INGRESS, add_ingress, delete_qdisc
from poplin.plugins.bandwidth.names import PREFIX
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link

PRIORITY = 1
CLASS = 0x10001
WORDS = "u32 0 0"  # matches everything
INGRESS = "ingress"  # the discipline that has filters alone; clsact, which is somebody else's, has the same place


def leads_to(rtnl: Rtnl, outer: Link, target: Link) -> bool:
    """Whether what comes in at the host's end goes there."""
    return target.index in [each.redirect for each in list_here(rtnl, outer)]


def ensure_redirect(rtnl: Rtnl, outer: Link, target: Link) -> None:
    """Lead there, and nowhere else. Raises Conflict, NetlinkError."""
    here = list_here(rtnl, outer)
    ours = [each for each in here if is_ours(rtnl, each)]
    if any(each.redirect is not None for each in here if each not in ours):
        details = f"see `tc filter show dev {outer.name} ingress`, and remove it"
        raise Conflict(f"somebody else redirects what the container sends at {outer.name!r}", details)
    if [each.redirect for each in ours] == [target.index]:
        return
    requests = plan_removal(outer, here, ours)
    if not here and rtnl.find_qdisc(outer.name, outer.index, TC_H_INGRESS) is None:
        requests.append(add_ingress(outer.name, outer.index))
    wanted = Filter(TC_H_CLSACT_INGRESS, PRIORITY, ALL, CLASS, redirect=target.index)
    rtnl.apply(*requests, add_filter(outer.name, outer.index, wanted, WORDS, target.name))


def remove_redirect(rtnl: Rtnl, outer: Link) -> None:
    """Lead nowhere; filters of others stay, and the place where they are. Raises NetlinkError."""
    root = rtnl.find_qdisc(outer.name, outer.index, TC_H_INGRESS)
    if root is None:
        return
    here = list_here(rtnl, outer)
    ours = [each for each in here if is_ours(rtnl, each)]
    if root.kind == INGRESS and len(ours) == len(rtnl.list_filters(outer.name, outer.index, TC_H_CLSACT_INGRESS)):
        rtnl.apply(delete_qdisc(outer.name, outer.index, TC_H_INGRESS))
    else:
        rtnl.apply(*plan_removal(outer, here, ours))


def list_here(rtnl: Rtnl, outer: Link) -> list[Filter]:
    """The filters where ours would be."""
    filters = rtnl.list_filters(outer.name, outer.index, TC_H_CLSACT_INGRESS)
    return [each for each in filters if (each.kind, each.priority, each.protocol) == (KIND, PRIORITY, ALL)]


def is_ours(rtnl: Rtnl, found: Filter) -> bool:
    """Whether it leads to an intermediate device, of ours or the reference's, or to one that is gone."""
    link = rtnl.find_link_by_index(found.redirect) if found.redirect else None
    return found.redirect == 0 or (link is not None and link.name.startswith(PREFIX))


def plan_removal(outer: Link, here: list[Filter], ours: list[Filter]) -> list[Request]:
    """All of that priority at once if all are ours, else one by one, which leaves their table."""
    if ours and len(ours) == len(here):
        return [delete_filters(outer.name, outer.index, ours[0])]
    return [delete_filter(outer.name, outer.index, each) for each in ours]
