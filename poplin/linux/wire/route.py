"""Routes (RTM_*ROUTE, linux/rtnetlink.h).

rtmsg  u8 family, u8 dst_len, u8 src_len, u8 tos, u8 table, u8 protocol, u8 scope, u8 type, u32 flags
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    Request,
    Struct,
    attribute,
    nest,
    u32_attribute,
    unpack_attributes,
    unpack_u32,
)
from poplin.spec.address import IP, Prefix
from poplin.spec.record import Record

RTM_DELROUTE = 25
RTM_GETROUTE = 26
RTM_NEWROUTE = 24

RTA_DST = 1
RTA_GATEWAY = 5
RTA_METRICS = 8
RTA_MULTIPATH = 9
RTA_OIF = 4
RTA_PREFSRC = 7
RTA_PRIORITY = 6
RTA_TABLE = 15
RTAX_ADVMSS = 8
RTAX_MTU = 2
RTNH_F_ONLINK = 4
RTPROT_KERNEL = 2
RTN_LOCAL = 2
RTN_UNICAST = 1
RT_SCOPE_HOST = 254
RT_SCOPE_LINK = 253
RT_SCOPE_UNIVERSE = 0
RT_TABLE_MAIN = 254
RT_TABLE_UNSPEC = 0

# Our mark on the routes we make: `ip route show proto 112` (see rt_protos in iproute2; 64 and above are free).
PROTOCOL = 112

SCOPES = {RT_SCOPE_HOST: "host", RT_SCOPE_LINK: "link", RT_SCOPE_UNIVERSE: "global"}  # as ip(8) calls them

NLM_F_APPEND = 0x800  # linux/netlink.h, for routes only

INFO = Struct("=BBBBBBBBI")
NEXT_HOP = Struct("=HBBi")  # rtnexthop: length, flags, hops, ifindex; attributes follow


class RouteEntry(Record):
    """A route of a table: `index` is the outgoing link, `src` the address that packets of this host get; `scope` None
    lets the kernel's rule for the family decide, `onlink` has it believe that `gw` can be reached. `is_shared` if it
    is one of several next hops, which the kernel told as one route."""

    __slots__ = (
        *("advmss", "dst", "gw", "index", "is_shared", "mtu", "onlink"),
        *("priority", "protocol", "scope", "src", "table"),
    )

    def __init__(
        self,
        dst: Prefix,
        index: int,
        gw: IP | None = None,
        *,
        mtu: int = 0,
        advmss: int = 0,
        priority: int = 0,
        table: int = RT_TABLE_MAIN,
        scope: int | None = None,
        protocol: int = PROTOCOL,
        src: IP | None = None,
        onlink: bool = False,
        is_shared: bool = False,
    ) -> None:
        self.dst = dst
        self.index = index
        self.gw = gw
        self.mtu = mtu
        self.advmss = advmss
        self.priority = priority
        self.table = table
        self.scope = scope
        self.protocol = protocol
        self.src = src
        self.onlink = onlink
        self.is_shared = is_shared

    def in_table(self, table: int) -> RouteEntry:
        """The same route in another table."""
        values = {name: getattr(self, name) for name in self.__slots__}
        return RouteEntry(**{**values, "table": table})


def unpack_routes(body: bytes) -> list[RouteEntry]:
    """The routes in the body of an RTM_NEWROUTE: one for each next hop."""
    family, length, _, _, table, protocol, scope, _, flags = INFO.unpack_from(body)
    attributes = unpack_attributes(body[INFO.size :])
    bits = 32 if family == 2 else 128
    dst = Prefix(unpack_ip(attributes.get(RTA_DST, bytes(bits // 8))), length)
    metrics = unpack_attributes(attributes.get(RTA_METRICS, b""))
    hops = unpack_hops(attributes[RTA_MULTIPATH]) if RTA_MULTIPATH in attributes else [(0, 0, attributes)]
    return [
        RouteEntry(
            dst,
            index or unpack_u32(hop.get(RTA_OIF)),
            unpack_ip(hop[RTA_GATEWAY]) if RTA_GATEWAY in hop else None,
            mtu=unpack_u32(metrics.get(RTAX_MTU)),
            advmss=unpack_u32(metrics.get(RTAX_ADVMSS)),
            priority=unpack_u32(attributes.get(RTA_PRIORITY)),
            table=unpack_u32(attributes.get(RTA_TABLE), table),
            scope=scope,
            protocol=protocol,
            src=unpack_ip(attributes[RTA_PREFSRC]) if RTA_PREFSRC in attributes else None,
            onlink=bool((hop_flags if index else flags) & RTNH_F_ONLINK),
            is_shared=len(hops) > 1,
        )
        for index, hop_flags, hop in hops
    ]


def unpack_hops(data: bytes) -> list[tuple[int, int, dict[int, bytes]]]:
    """(link index, flags, attributes) of each next hop."""
    hops = []
    while len(data) >= NEXT_HOP.size:
        length, flags, _, index = NEXT_HOP.unpack_from(data)
        if length < NEXT_HOP.size:
            break
        hops.append((index, flags, unpack_attributes(data[NEXT_HOP.size : length])))
        data = data[length + 3 & ~3 :]
    return hops


def unpack_ip(octets: bytes) -> IP:
    """The address of an attribute."""
    return IP(len(octets) * 8, int.from_bytes(octets, "big"))


def list_routes(family: int) -> Request:
    """As `ip -4|-6 route show table all`."""
    body = INFO.pack(family, 0, 0, 0, RT_TABLE_UNSPEC, 0, 0, 0, 0)
    return Request(RTM_GETROUTE, 0, body, f"ip -{4 if family == 2 else 6} route show table all")


def get_route(ip: IP) -> Request:
    """As `ip route get IP`: one lookup, however many routes there are."""
    body = INFO.pack(ip.family, ip.bits, 0, 0, 0, 0, 0, 0, 0) + attribute(RTA_DST, ip.packed)
    return Request(RTM_GETROUTE, 0, body, f"ip route get {ip}")


def add_route(name: str, route: RouteEntry) -> Request:
    """As `ip route add DST [via GW] dev NAME ...`; EEXIST if the same route is there."""
    return Request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, pack_route(route), f"ip route add {describe(name, route)}")


def append_route(name: str, route: RouteEntry) -> Request:
    """As `ip route append`: beside one to the same destination, of which the first made wins."""
    flags = NLM_F_CREATE | NLM_F_APPEND
    return Request(RTM_NEWROUTE, flags, pack_route(route), f"ip route append {describe(name, route)}")


def replace_route(name: str, route: RouteEntry) -> Request:
    """As `ip route replace`: instead of one to the same destination in that table, if there is one."""
    flags = NLM_F_CREATE | NLM_F_REPLACE
    return Request(RTM_NEWROUTE, flags, pack_route(route), f"ip route replace {describe(name, route)}")


def delete_route(name: str, route: RouteEntry) -> Request:
    """As `ip route delete DST dev NAME ...`."""
    return Request(RTM_DELROUTE, 0, pack_route(route), f"ip route delete {describe(name, route)}")


def pack_route(route: RouteEntry) -> bytes:
    """The body of a request about this route."""
    dst = route.dst.network
    scope = RT_SCOPE_UNIVERSE if route.scope is None else route.scope
    table = route.table if route.table < 256 else RT_TABLE_UNSPEC  # larger ones only fit the attribute
    flags = RTNH_F_ONLINK if route.onlink else 0
    body = INFO.pack(dst.ip.family, dst.length, 0, 0, table, route.protocol, scope, RTN_UNICAST, flags)
    body += u32_attribute(RTA_TABLE, route.table) + u32_attribute(RTA_OIF, route.index)
    if dst.length:
        body += attribute(RTA_DST, dst.ip.packed)
    if route.gw:
        body += attribute(RTA_GATEWAY, route.gw.packed)
    if route.src:
        body += attribute(RTA_PREFSRC, route.src.packed)
    if route.priority:
        body += u32_attribute(RTA_PRIORITY, route.priority)
    metrics = [(RTAX_MTU, route.mtu), (RTAX_ADVMSS, route.advmss)]
    if route.mtu or route.advmss:
        body += nest(RTA_METRICS, *(u32_attribute(kind, value) for kind, value in metrics if value))
    return body


def describe(name: str, route: RouteEntry) -> str:
    """The words of ip(8) after add, append or delete."""
    is_plain = route.gw or route.dst.ip.version == 4  # ip(8) takes `default` for IPv4 unless something else is IPv6
    words = ["default" if route.dst.is_default and is_plain else str(route.dst.network)]
    if route.gw:
        words.append(f"via {route.gw}")
    words.append(f"dev {name}")
    if route.onlink:
        words.append("onlink")
    words.append(f"proto {route.protocol}")
    if route.scope or (route.dst.ip.version == 4 and not route.gw):  # without a gateway ip(8) takes it for `link`
        words.append(f"scope {SCOPES.get(route.scope or RT_SCOPE_UNIVERSE, route.scope)}")
    if route.src:
        words.append(f"src {route.src}")
    if route.table != RT_TABLE_MAIN:
        words.append(f"table {route.table}")
    for label, number in (("metric", route.priority), ("mtu", route.mtu), ("advmss", route.advmss)):
        if number:
            words.append(f"{label} {number}")
    return " ".join(words)
