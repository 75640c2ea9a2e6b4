"""Addresses and routes in the kernel in memory: what requests change, what is refused, and the kernel's own routes."""

from __future__ import annotations

from errno import EADDRNOTAVAIL, EEXIST, ENODEV, ESRCH

from poplin.linux.netlink import NLM_F_EXCL, NLM_F_REPLACE, NetlinkError
from poplin.linux.wire import addr, route, vrf
from poplin.linux.wire.route import RTPROT_KERNEL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request


def new_address(here: Tables, request: Request) -> None:
    """RTM_NEWADDR. Raises NetlinkError (ENODEV, EEXIST)."""
    address = addr.unpack_address(request.body)
    if not here.find(index=address.index):
        raise NetlinkError(ENODEV, request.text)
    if any(is_same_address(each, address) for each in here.addresses):
        raise NetlinkError(EEXIST, request.text)
    here.addresses.append(address)
    connect(here, address.index)


def delete_address(here: Tables, request: Request) -> None:
    """RTM_DELADDR. Raises NetlinkError (EADDRNOTAVAIL)."""
    gone = addr.unpack_address(request.body)
    left = [each for each in here.addresses if not is_same_address(each, gone)]
    if left == here.addresses:
        raise NetlinkError(EADDRNOTAVAIL, request.text)
    here.addresses = left
    connect(here, gone.index)


def connect(here: Tables, index: int) -> None:
    """The routes the kernel makes by itself: to the networks of a link's addresses, while the link is up."""
    here.routes = [each for each in here.routes if (each.index, each.protocol) != (index, RTPROT_KERNEL)]
    changed = here.find(index=index)
    for each in here.addresses if changed and changed.is_up else ():
        has_network = each.prefix.length < each.prefix.ip.bits and not each.flags & addr.IFA_F_NOPREFIXROUTE
        if each.index == index and has_network:
            scope = route.RT_SCOPE_LINK if each.prefix.ip.version == 4 else route.RT_SCOPE_UNIVERSE
            src = each.prefix.ip if each.prefix.ip.version == 4 else None
            made = route.RouteEntry(each.prefix.network, index, scope=scope, protocol=RTPROT_KERNEL, src=src)
            here.routes.append(made.in_table(table_for(here, index)))


def start_over(here: Tables, index: int) -> None:
    """A link goes into a VRF or comes out: its addresses stay, those of IPv6 as `keep_addr_on_down` says everywhere
    here, and the routes to their networks."""
    here.routes = [each for each in here.routes if each.index != index]
    connect(here, index)


def table_for(here: Tables, index: int) -> int:
    """The table for the routes of a link: that of its VRF."""
    changed = here.find(index=index)
    master = here.find(index=changed.master) if changed and changed.master else None
    return vrf.table_of(master) if master and master.kind == vrf.KIND else route.RT_TABLE_MAIN


def is_vrf(here: Tables, index: int) -> bool:
    """Whether the link is one."""
    found = here.find(index=index) if index else None
    return found is not None and found.kind == vrf.KIND


def is_same_address(one: addr.Address, other: addr.Address) -> bool:
    """Whether both are the same prefix on the same link."""
    return (one.index, one.prefix) == (other.index, other.prefix)


def new_route(here: Tables, request: Request) -> None:
    """RTM_NEWROUTE. Raises NetlinkError (ENODEV, EEXIST): EXCL allows one route to a destination, APPEND others, and
    REPLACE puts it in the first one's place."""
    for made in route.unpack_routes(request.body):
        if not here.find(index=made.index):
            raise NetlinkError(ENODEV, request.text)
        beside = [each for each in here.routes if destination(each) == destination(made)]
        if beside and request.flags & NLM_F_REPLACE:
            here.routes.remove(beside[0])
            beside = []
        if made in beside or (beside and request.flags & NLM_F_EXCL):
            raise NetlinkError(EEXIST, request.text)
        here.routes.append(made)


def delete_route(here: Tables, request: Request) -> None:
    """RTM_DELROUTE. Raises NetlinkError (ESRCH)."""
    for gone in route.unpack_routes(request.body):
        if gone not in here.routes:
            raise NetlinkError(ESRCH, request.text)
        here.routes.remove(gone)


def destination(entry: route.RouteEntry) -> tuple[object, ...]:
    """What no two routes of `ip route add` may share."""
    return entry.dst, entry.table, entry.priority
