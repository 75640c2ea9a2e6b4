"""Which way a packet takes in the kernel in memory: the namespace's own addresses, then the longest prefix."""

from __future__ import annotations

from poplin.linux.netlink import unpack_attributes
from poplin.linux.wire import route
from poplin.spec.address import IP, Prefix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request

KIND = 7  # where rtmsg has the kind of a route


def answer_route(here: Tables, request: Request) -> bytes:
    """The body of an RTM_NEWROUTE that tells the way to an address. Raises NetlinkError (ENETUNREACH)."""
    ip = route.unpack_ip(unpack_attributes(request.body[route.INFO.size :])[route.RTA_DST])
    for address in here.addresses:
        if address.prefix.ip == ip:
            return pack_way(ip, route.RouteEntry(address.prefix, address.index), route.RTN_LOCAL)
    fitting = [each for each in here.list_own_routes() if each.table == route.RT_TABLE_MAIN and ip in each.dst]
    if not fitting:
        return here.ask_route(request)
    return pack_way(ip, max(fitting, key=lambda each: (each.dst.length, -each.priority)), route.RTN_UNICAST)


def pack_way(ip: IP, taken: route.RouteEntry, kind: int) -> bytes:
    """The route that was taken, as one to this address alone."""
    body = route.pack_route(route.RouteEntry(Prefix(ip, ip.bits), taken.index, taken.gw, src=taken.src))
    return body[:KIND] + bytes([kind]) + body[KIND + 1 :]
