"""rtnetlink's verbs over one socket: find, list, apply, remove.

Finding returns records, changing takes requests of `poplin.linux.wire`; "already gone" is success for `remove_*`.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6
from errno import (
    EACCES,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EEXIST,
    EHOSTUNREACH,
    EINVAL,
    ENETUNREACH,
    ENODEV,
    ENOENT,
    EOPNOTSUPP,
    ESRCH,
)
from posix import urandom

from poplin.linux.netlink import NetlinkError, Request, Socket
from poplin.linux.wire import addr, link, neigh, route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.wire.addr import Address
    from poplin.linux.wire.filter import Filter
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.neigh import Neighbour
    from poplin.linux.wire.qdisc import Qdisc
    from poplin.linux.wire.route import RouteEntry
    from poplin.linux.wire.rule import RoutingRule
    from poplin.linux.wire.vlan import Vlans
    from poplin.spec.address import IP, Prefix

# What the kernel answers where there is no route, or one that says so: prohibit, unreachable, blackhole; or no IPv6.
NO_ROUTE = (ENETUNREACH, EACCES, EHOSTUNREACH, EINVAL, EOPNOTSUPP)


class Rtnl:
    """The links, addresses, routes and neighbours of the namespace its socket was made in."""

    def __init__(self, socket: Socket | None = None) -> None:
        self.socket = socket or Socket()

    def __enter__(self) -> Rtnl:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()

    def apply(self, *requests: Request) -> None:
        """Do these in order, in one send. Raises NetlinkError for the first that is refused."""
        self.socket.send(requests)

    def ensure(self, request: Request) -> bool:
        """Do this unless it is done already; whether there was something to do."""
        return self._unless(EEXIST, request)

    def _unless(self, settled: int, request: Request) -> bool:
        """Do this, unless the kernel answers that it is `settled`; whether there was something to do."""
        try:
            self.socket.send([request])
        except NetlinkError as error:
            if error.errno != settled:
                raise
            return False
        return True

    # Links.

    def find_link(self, name: str) -> Link | None:
        """The link of this name."""
        return self._find(link.get_link(name))

    def get_link(self, name: str) -> Link:
        """The link of this name. Raises NetlinkError (ENODEV)."""
        return link.unpack_link(self.socket.ask(link.get_link(name)))

    def find_link_by_index(self, index: int) -> Link | None:
        """The link of this number."""
        return self._find(link.get_link_by_index(index))

    def list_links(self, kind: str = "", master: int = 0) -> list[Link]:
        """Every link, or those of a kind, or the ports of a master."""
        return [link.unpack_link(body) for body in self.socket.dump(link.list_links(kind, master))]

    def remove_link(self, name: str, index: int = 0) -> bool:
        """Delete the link if it is there; whether it was."""
        return self._unless(ENODEV, link.delete_link(name, index))

    def remove_links(self, links: list[Link]) -> None:
        """Delete many at once: marked with a group of their own, which is then deleted as one."""
        if len(links) == 1:
            self.remove_link(links[0].name, links[0].index)
        elif links:
            group = int.from_bytes(urandom(4), "big") | 1 << 31
            for each in links:
                self._unless(ENODEV, link.set_link(each.name, each.index, group=group))
            self._unless(ENODEV, link.delete_group(group))

    def _find(self, request: Request) -> Link | None:
        try:
            return link.unpack_link(self.socket.ask(request))
        except NetlinkError as error:
            if error.errno != ENODEV:
                raise
            return None

    # What links have.

    def list_addresses(self, index: int = 0, family: int = 0) -> list[Address]:
        """The addresses of one link, or of all."""
        return [addr.unpack_address(body) for body in self.socket.dump(addr.list_addresses(index, family))]

    def remove_address(self, name: str, index: int, prefix: Prefix) -> bool:
        """Delete the address if it is there; whether it was. An IPv4 one may take others of its network along."""
        return self._unless(EADDRNOTAVAIL, addr.delete_address(name, index, prefix))

    def remove_route(self, name: str, entry: RouteEntry) -> bool:
        """Delete the route if it is there; whether it was."""
        return self._unless(ESRCH, route.delete_route(name, entry))

    def find_route_to(self, ip: IP) -> RouteEntry | None:
        """The route a packet to `ip` would take."""
        try:
            return route.unpack_routes(self.socket.ask(route.get_route(ip)))[0]
        except NetlinkError as error:
            if error.errno not in NO_ROUTE:
                raise
            return None

    def is_local(self, ip: IP) -> bool:
        """Whether the address is one of this namespace's own."""
        try:
            return route_type(self.socket.ask(route.get_route(ip))) == route.RTN_LOCAL
        except NetlinkError as error:
            if error.errno not in NO_ROUTE:
                raise
            return False

    def list_routes(self, family: int = 0) -> list[RouteEntry]:
        """The routes of every table but those of broadcast and local kind; both families unless told."""
        families = (family,) if family else (AF_INET, AF_INET6)
        bodies = [body for each in families for body in self.socket.dump(route.list_routes(each))]
        return [
            entry for body in bodies if route_type(body) == route.RTN_UNICAST for entry in route.unpack_routes(body)
        ]

    def list_rules(self) -> list[RoutingRule]:
        """The routing rules of both families."""
        from poplin.linux.wire import rule  # here, because few look at them

        bodies = [body for family in (AF_INET, AF_INET6) for body in self._dump_family(rule.list_rules(family))]
        return [rule.unpack_rule(body) for body in bodies]

    def remove_rule(self, gone: RoutingRule) -> bool:
        """Delete a plain rule if it is there; whether it was."""
        from poplin.linux.wire.rule import delete_rule

        return self._unless(ENOENT, delete_rule(gone))

    def _dump_family(self, request: Request) -> list[bytes]:
        """What is dumped of one IP version, nothing where the kernel is without it. Raises NetlinkError."""
        try:
            return self.socket.dump(request)
        except NetlinkError as error:
            if error.errno not in (EAFNOSUPPORT, EOPNOTSUPP):
                raise
            return []

    def list_vlans(self, index: int) -> list[Vlans]:
        """The VLANs of a bridge's port."""
        from poplin.linux.wire import vlan  # here, because few bridges have any

        return [each for body in self.socket.dump(vlan.list_vlans(index)) for each in vlan.unpack_vlans(body)]

    def find_qdisc(self, name: str, index: int, parent: int) -> Qdisc | None:
        """The queueing discipline at this place of a link: its root, where packets come in, a class."""
        from poplin.linux.wire import qdisc  # here and below, because few links have any that matter

        try:
            body = self.socket.find(qdisc.get_qdisc(name, index, parent))
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise
            return None
        return qdisc.unpack_qdisc(body) if body else None

    def list_filters(self, name: str, index: int, parent: int) -> list[Filter]:
        """The filters of a queueing discipline, in the order in which they are asked."""
        from poplin.linux.wire import filter

        found = map(filter.unpack_filter, self.socket.dump(filter.list_filters(name, index, parent)))
        return [each for each in found if each]

    def list_neighbours(self, family: int = AF_INET) -> list[Neighbour]:
        """The neighbour table."""
        return [neigh.unpack_neighbour(body) for body in self.socket.dump(neigh.list_neighbours(family))]

    def find_neighbour(self, name: str, index: int, ip: IP) -> Neighbour | None:
        """The entry of an address in a link's neighbour table."""
        try:
            return neigh.unpack_neighbour(self.socket.ask(neigh.get_neighbour(name, index, ip)))
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise
            return None

    def remove_neighbour(self, name: str, index: int, ip: IP) -> bool:
        """Delete the entry of an address if there is one; whether there was."""
        return self._unless(ENOENT, neigh.delete_neighbour(name, index, ip))


def route_type(body: bytes) -> int:
    """RTN_UNICAST for what somebody made, RTN_LOCAL for the namespace's own addresses, and others."""
    return int(route.INFO.unpack_from(body)[7])
