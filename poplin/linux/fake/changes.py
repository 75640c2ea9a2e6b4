"""What each kind of request changes in the tables of a namespace, and what is refused, with the kernel's errno."""

from __future__ import annotations

from errno import EADDRNOTAVAIL, EEXIST, ENODEV, ESRCH

from poplin.linux.fake.vlans import add_vlans, delete_vlans, join_default_vlan
from poplin.linux.netlink import NLM_F_EXCL, NetlinkError, unpack_attributes, unpack_text, unpack_u32
from poplin.linux.wire import addr, link, route
from poplin.linux.wire.bridge import IFLA_BR_VLAN_DEFAULT_PVID
from poplin.linux.wire.veth import VETH_INFO_PEER
from poplin.linux.wire.vlan import AF_BRIDGE, RTM_SETLINK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link

LOCAL = bytes([2, 0])  # what the MACs begin with that this kernel invents: they are nobody's by birth
DEFAULT_VLAN = bytes([1, 0])
DRAWN_BY_ITS_MAKER = "bridge"  # the kind of link that is given a random MAC, as it has none of its own otherwise
FAR = 0  # the number by which two namespaces know each other
IF_OPER_DOWN = 2  # linux/if.h
RTPROT_KERNEL = 2  # linux/rtnetlink.h


# Links.


def new_link(here: Tables, request: Request) -> None:
    """RTM_NEWLINK: make one, or change one. Raises NetlinkError (EEXIST, ENODEV)."""
    attributes = unpack_attributes(request.body[link.INFO.size :])
    if not request.flags & NLM_F_EXCL:
        change_link(get_link(here, request), here, request, attributes)
        return
    born_in = birthplace(here, attributes)
    made = make_link(born_in, request, request.body)
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    data = unpack_attributes(info.get(link.IFLA_INFO_DATA, b""))
    if made.kind == "bridge":
        made.data = {IFLA_BR_VLAN_DEFAULT_PVID: DEFAULT_VLAN, **data}
    if made.kind == "veth":
        try:
            make_far_end(born_in, request, made, data[VETH_INFO_PEER])
        except NetlinkError:
            born_in.links.remove(made)
            raise


def birthplace(here: Tables, attributes: dict[int, bytes]) -> Tables:
    """The namespace a new link is to be born in."""
    if link.IFLA_NET_NS_FD not in attributes:
        return here
    return here.world.get_namespace(unpack_u32(attributes[link.IFLA_NET_NS_FD]))


def make_far_end(here: Tables, request: Request, near: Link, body: bytes) -> None:
    """The other end of a veth pair, in the namespace its own message names. Raises NetlinkError (EEXIST)."""
    place = birthplace(here, unpack_attributes(body[link.INFO.size :]))
    far = make_link(place, request, body)
    far.kind = "veth"
    near.link, far.link = far.index, near.index
    if place is not here:
        near.netnsid = far.netnsid = FAR


def make_link(here: Tables, request: Request, body: bytes) -> Link:
    """A link as `body` describes it. Raises NetlinkError (EEXIST)."""
    attributes = unpack_attributes(body[link.INFO.size :])
    name = unpack_text(attributes[link.IFLA_IFNAME])
    if here.find(name):
        raise NetlinkError(EEXIST, request.text)
    made = link.Link(here.world.next_index(), name)
    made.mac = link.format_mac(attributes.get(link.IFLA_ADDRESS, LOCAL + made.index.to_bytes(4, "big")))
    made.mtu = unpack_u32(attributes.get(link.IFLA_MTU), 1500)
    made.operstate = IF_OPER_DOWN
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    made.kind = unpack_text(info.get(link.IFLA_INFO_KIND))
    if link.IFLA_ADDRESS not in attributes:
        here.world.invented[made.mac] = name
    elif made.kind == DRAWN_BY_ITS_MAKER:
        here.world.drawn.add(made.mac)
    here.links.append(made)
    here.born.add(name)
    return made


def change_link(changed: Link, here: Tables, request: Request, attributes: dict[int, bytes]) -> None:
    """What `ip link set` can say."""
    _, _, _, flags, change = link.INFO.unpack_from(request.body)
    changed.flags = changed.flags & ~change | flags & change
    changed.operstate = link.IF_OPER_UP if changed.is_up else IF_OPER_DOWN
    if link.IFLA_MASTER in attributes and changed.master != unpack_u32(attributes[link.IFLA_MASTER]):
        changed.master = unpack_u32(attributes[link.IFLA_MASTER])
        join_default_vlan(here, changed)
    changed.alias = unpack_text(attributes.get(link.IFLA_IFALIAS)) or changed.alias
    if link.IFLA_ADDRESS in attributes:
        changed.mac = link.format_mac(attributes[link.IFLA_ADDRESS])
    if link.IFLA_GROUP in attributes:
        here.groups[changed.index] = unpack_u32(attributes[link.IFLA_GROUP])
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    changed.port |= unpack_attributes(info.get(link.IFLA_INFO_SLAVE_DATA, b""))
    if change & link.IFF_UP:
        if not changed.is_up:
            here.routes = [each for each in here.routes if each.index != changed.index]
        connect(here, changed.index)


def delete_link(here: Tables, request: Request) -> None:
    """RTM_DELLINK: one link, or all of a group, or VLANs of a port. Raises NetlinkError (ENODEV)."""
    if link.INFO.unpack_from(request.body)[0] == AF_BRIDGE:
        delete_vlans(here, request)
        return
    group = unpack_u32(unpack_attributes(request.body[link.INFO.size :]).get(link.IFLA_GROUP))
    members = [each for each in here.links if group and here.groups.get(each.index) == group]
    for gone in members or [get_link(here, request)]:
        forget_link(here, gone)


def forget_link(here: Tables, gone: Link) -> None:
    """A veth takes its other end along, every link its addresses and routes, a master leaves its ports free."""
    forget_index(here, gone.index)
    for port in here.links:
        port.master = 0 if port.master == gone.index else port.master
    if gone.kind != "veth":
        return
    here.world.severed.add((gone.index, gone.link))
    for each in here.world.namespaces:
        far = each.find(index=gone.link)
        if far and far.kind == "veth" and far.link == gone.index and (each is here) == (gone.netnsid is None):
            forget_index(each, far.index)


def forget_index(here: Tables, index: int) -> None:
    """A link and what it has."""
    here.links = [each for each in here.links if each.index != index]
    here.addresses = [each for each in here.addresses if each.index != index]
    here.routes = [each for each in here.routes if each.index != index]


def get_link(here: Tables, request: Request) -> Link:
    """The link a request is about. Raises NetlinkError (ENODEV)."""
    index = link.INFO.unpack_from(request.body)[2]
    name = unpack_text(unpack_attributes(request.body[link.INFO.size :]).get(link.IFLA_IFNAME))
    found = here.find("" if index else name, index)
    if found is None:
        raise NetlinkError(ENODEV, request.text)
    return found


# Addresses and routes.


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
            here.routes.append(made)


def is_same_address(one: addr.Address, other: addr.Address) -> bool:
    """Whether both are the same prefix on the same link."""
    return (one.index, one.prefix) == (other.index, other.prefix)


def new_route(here: Tables, request: Request) -> None:
    """RTM_NEWROUTE. Raises NetlinkError (ENODEV, EEXIST): EXCL allows one route to a destination, APPEND others."""
    for made in route.unpack_routes(request.body):
        if not here.find(index=made.index):
            raise NetlinkError(ENODEV, request.text)
        beside = [each for each in here.routes if destination(each) == destination(made)]
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


CHANGES: dict[int, Callable[[Tables, Request], None]] = {
    link.RTM_NEWLINK: new_link,
    link.RTM_DELLINK: delete_link,
    RTM_SETLINK: add_vlans,
    addr.RTM_NEWADDR: new_address,
    addr.RTM_DELADDR: delete_address,
    route.RTM_NEWROUTE: new_route,
    route.RTM_DELROUTE: delete_route,
}
