"""The kernel in memory as a netlink socket: requests in, tables changed or read, answers packed as the kernel does."""

from __future__ import annotations

from errno import EOPNOTSUPP

from poplin.linux.fake.changes import CHANGES, get_link
from poplin.linux.fake.routing import answer_route
from poplin.linux.fake.rules import list_rules
from poplin.linux.fake.traffic import find_qdisc, list_traffic
from poplin.linux.fake.vlans import pack_port
from poplin.linux.netlink import (
    NetlinkError,
    Socket,
    attribute,
    nest,
    text_attribute,
    u32_attribute,
    unpack_attributes,
    unpack_text,
    unpack_u32,
)
from poplin.linux.wire import addr, filter, htb, link, qdisc, route, rule, vlan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link


class FakeSocket(Socket):
    """The socket of one namespace."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def close(self) -> None:
        """Nothing is open."""

    def send(self, requests: Sequence[Request]) -> None:
        """Do each in order; like the kernel, go on after a refusal and raise the first."""
        refused: NetlinkError | None = None
        for request in requests:
            try:
                CHANGES.get(request.kind, refuse)(self._tables, request)
                self._tables.note(request.text)
            except NetlinkError as error:
                refused = refused or error
        if refused:
            raise refused

    def ask(self, request: Request) -> bytes:
        """One link, or the route to an address. Raises NetlinkError."""
        if request.kind == link.RTM_GETLINK:
            return pack_link(get_link(self._tables, request))
        if request.kind == route.RTM_GETROUTE:
            return answer_route(self._tables, request)
        raise refusal(request)

    def find(self, request: Request) -> bytes | None:
        """The queueing discipline at one place of a link. Raises NetlinkError."""
        if request.kind != qdisc.RTM_GETQDISC:
            raise refusal(request)
        return find_qdisc(self._tables, request)

    def dump(self, request: Request) -> list[bytes]:
        """All links, addresses, routes, rules or VLANs that the request is about. Raises NetlinkError (EOPNOTSUPP)."""
        if request.kind == link.RTM_GETLINK:
            return [pack_link(each) for each in self._tables.links if is_wanted(each, request)]
        if request.kind == addr.RTM_GETADDR:
            family, _, _, _, index = addr.INFO.unpack_from(request.body)
            wanted = [each for each in self._tables.addresses if index in (0, each.index)]
            return [pack_address(each) for each in wanted if family in (0, each.prefix.ip.family)]
        if request.kind == rule.RTM_GETRULE:
            return list_rules(self._tables, request)
        if request.kind in (htb.RTM_GETTCLASS, filter.RTM_GETTFILTER):
            return list_traffic(self._tables, request)
        if request.kind == vlan.RTM_GETVLAN:
            return [pack_port(self._tables, request)]
        if request.kind != route.RTM_GETROUTE:
            raise refusal(request)
        family = route.INFO.unpack_from(request.body)[0]
        return [route.pack_route(each) for each in self._tables.routes if each.dst.ip.family == family]


def refuse(tables: Tables, request: Request) -> None:
    """For what nobody needed in memory yet. Raises NetlinkError (EOPNOTSUPP)."""
    raise refusal(request)


def refusal(request: Request) -> NetlinkError:
    """The error."""
    return NetlinkError(EOPNOTSUPP, request.text, "the kernel in memory does not know it")


def is_wanted(each: Link, request: Request) -> bool:
    """Whether a link is of the kind and has the master that a dump asks for."""
    attributes = unpack_attributes(request.body[link.INFO.size :])
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    kind, master = unpack_text(info.get(link.IFLA_INFO_KIND)), unpack_u32(attributes.get(link.IFLA_MASTER))
    return kind in ("", each.kind) and master in (0, each.master)


def pack_link(each: Link) -> bytes:
    """The body of an RTM_NEWLINK that tells of a link."""
    body = link.info(each.index, each.flags) + text_attribute(link.IFLA_IFNAME, each.name)
    body += attribute(link.IFLA_ADDRESS, bytes.fromhex(each.mac.replace(":", ""))) + u32_attribute(
        link.IFLA_MTU, each.mtu
    )
    body += u32_attribute(link.IFLA_MASTER, each.master) + u32_attribute(link.IFLA_LINK, each.link)
    body += text_attribute(link.IFLA_IFALIAS, each.alias) + attribute(link.IFLA_OPERSTATE, bytes([each.operstate]))
    body += u32_attribute(link.IFLA_TXQLEN, each.txqlen)
    if each.permanent_mac:
        body += attribute(link.IFLA_PERM_ADDRESS, bytes.fromhex(each.permanent_mac.replace(":", "")))
    if each.alternative_names:
        names = (text_attribute(link.IFLA_ALT_IFNAME, name) for name in each.alternative_names)
        body += nest(link.IFLA_PROP_LIST, *names)
    if each.netnsid is not None:
        body += u32_attribute(link.IFLA_LINK_NETNSID, each.netnsid)
    info = text_attribute(link.IFLA_INFO_KIND, each.kind)
    for kind, parts in ((link.IFLA_INFO_DATA, each.data), (link.IFLA_INFO_SLAVE_DATA, each.port)):
        info += nest(kind, *(attribute(part, payload) for part, payload in parts.items())) if parts else b""
    return body + nest(link.IFLA_LINKINFO, info)


def pack_address(each: addr.Address) -> bytes:
    """The body of an RTM_NEWADDR that tells of an address."""
    body = addr.INFO.pack(each.prefix.ip.family, each.prefix.length, each.flags & 0xFF, each.scope, each.index)
    return body + attribute(addr.IFA_ADDRESS, each.prefix.ip.packed) + u32_attribute(addr.IFA_FLAGS, each.flags)
