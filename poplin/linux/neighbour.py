"""Whether an address is alive: does anybody on its link answer to it?

The kernel is told to ask by ARP or neighbour discovery (NTF_USE), which works for IPv4 and IPv6, through a bridge and
through a pair, needs no raw socket and sends no data to anybody. What it knew before is forgotten first: an entry may
look fresh for half a minute after the container is gone.
"""

from __future__ import annotations

import time

from poplin.linux.wire.addr import IFA_F_TENTATIVE
from poplin.linux.wire.neigh import NUD_FAILED, NUD_INCOMPLETE, NUD_NONE, probe_neighbour
from poplin.linux.wire.route import RT_SCOPE_LINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.spec.address import IP

# Seconds. Answers take less than 1 ms, but a link that has just come up may miss the first question; the kernel asks
# again after one second.
PATIENCE = 1.5
PAUSE = 0.002
SILENT = (NUD_NONE, NUD_INCOMPLETE, NUD_FAILED)


def is_on_link(host: Namespace, ip: IP, patience: float = PATIENCE) -> bool:
    """Whether the address belongs to somebody on a link of this host who answers, and not to the host itself.

    Without a question: False if there is no route to it or only one through a gateway. Raises NetlinkError.
    """
    route = host.rtnl.find_route_to(ip)
    if route is None or route.gw or host.rtnl.is_local(ip):
        return False
    link = host.rtnl.find_link_by_index(route.index)
    return link is not None and answers(host.rtnl, link, ip, patience)


def answers(rtnl: Rtnl, link: Link, ip: IP, patience: float = PATIENCE) -> bool:
    """Whether somebody on this link answers to the address within `patience` seconds. Raises NetlinkError.

    Where nobody can be asked whoever may be there counts as alive: on a link without neighbours, as a tunnel, and for
    IPv6 in the two seconds in which a new link's own address is on probation.
    """
    if ip.version == 6 and not has_sender(rtnl, link, ip.family):
        return True
    rtnl.remove_neighbour(link.name, link.index, ip)
    rtnl.apply(probe_neighbour(link.name, link.index, ip))
    deadline = time.monotonic() + patience
    while True:
        found = rtnl.find_neighbour(link.name, link.index, ip)
        state = found.state if found else NUD_FAILED
        if state not in SILENT:
            return True
        if state == NUD_FAILED or time.monotonic() > deadline:
            return False
        time.sleep(PAUSE)


def has_sender(rtnl: Rtnl, link: Link, family: int) -> bool:
    """Whether the link has the link-local address from which the kernel asks, and may use it."""
    addresses = rtnl.list_addresses(link.index, family)
    return any(each.scope == RT_SCOPE_LINK and not each.flags & IFA_F_TENTATIVE for each in addresses)
