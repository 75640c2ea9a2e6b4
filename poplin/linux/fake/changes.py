"""What each kind of request changes in the tables of a namespace, and what is refused, with the kernel's errno: links
here, addresses and routes in `addressing`."""

from __future__ import annotations

from errno import EEXIST, ENODEV, ENOENT

from poplin.linux.fake import traffic
from poplin.linux.fake.addressing import (
    connect,
    delete_address,
    delete_route,
    is_vrf,
    new_address,
    new_route,
    start_over,
)
from poplin.linux.fake.rules import delete_rule, new_rule
from poplin.linux.fake.uppers import find_below, lay_on, list_on
from poplin.linux.fake.vlans import add_vlans, delete_vlans, join_default_vlan
from poplin.linux.netlink import NLM_F_EXCL, NetlinkError, unpack_attributes, unpack_text, unpack_u32
from poplin.linux.wire import addr, link, route, rule, vrf
from poplin.linux.wire.bridge import IFLA_BR_VLAN_DEFAULT_PVID
from poplin.linux.wire.move import RTM_DELLINKPROP
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
DEFAULT_TX_QUEUE_LEN = 1000  # linux/netdevice.h


def new_link(here: Tables, request: Request) -> None:
    """RTM_NEWLINK: make one, or change one. Raises NetlinkError (EEXIST, ENODEV)."""
    attributes = unpack_attributes(request.body[link.INFO.size :])
    if not request.flags & NLM_F_EXCL:
        changed = get_link(here, request)
        change_link(changed, move_link(changed, here, request, attributes), request, attributes)
        return
    born_in = birthplace(here, attributes)
    wanted = link.unpack_link(request.body)
    below = find_below(here, request, wanted)
    made = make_link(born_in, request, request.body)
    if below:
        lay_on(below, made, wanted, here.world.invented)
        made.netnsid = None if born_in is here else FAR
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    data = unpack_attributes(info.get(link.IFLA_INFO_DATA, b""))
    if made.kind == "bridge":
        made.data = {IFLA_BR_VLAN_DEFAULT_PVID: DEFAULT_VLAN, **data}
    if made.kind == vrf.KIND:
        made.data = data
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
    made.txqlen = unpack_u32(attributes.get(link.IFLA_TXQLEN), DEFAULT_TX_QUEUE_LEN)
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    made.kind = unpack_text(info.get(link.IFLA_INFO_KIND))
    if link.IFLA_ADDRESS not in attributes:
        here.world.invented[made.mac] = name
    elif made.kind == DRAWN_BY_ITS_MAKER:
        here.world.drawn.add(made.mac)
    here.links.append(made)
    here.born.add(name)
    return made


def move_link(moved: Link, here: Tables, request: Request, attributes: dict[int, bytes]) -> Tables:
    """To the namespace and the name that the request tells, if any; where it is then. Raises NetlinkError (EEXIST)."""
    there = birthplace(here, attributes)
    name = unpack_text(attributes.get(link.IFLA_IFNAME)) or moved.name
    needed = (name,) if there is here else (name, *moved.alternative_names)
    if name in moved.alternative_names or any(there.find(each) not in (None, moved) for each in needed):
        raise NetlinkError(EEXIST, request.text)
    if there is not here:
        far = find_far_end(here, moved)
        forget_index(here, moved.index)
        moved.flags &= ~link.IFF_UP
        moved.master = 0
        if there.find(index=moved.index):
            moved.index = here.world.next_index()
        if far:
            far[1].link = moved.index
            far[1].netnsid = moved.netnsid = None if far[0] is there else FAR
        there.links.append(moved)
    if there is not here or name != moved.name:
        there.born.add(name)
    moved.name = name
    return there


def change_link(changed: Link, here: Tables, request: Request, attributes: dict[int, bytes]) -> None:
    """What `ip link set` can say."""
    _, _, _, flags, change = link.INFO.unpack_from(request.body)
    changed.flags = changed.flags & ~change | flags & change
    changed.operstate = link.IF_OPER_UP if changed.is_up else IF_OPER_DOWN
    if link.IFLA_MASTER in attributes and changed.master != unpack_u32(attributes[link.IFLA_MASTER]):
        reroutes = is_vrf(here, changed.master) or is_vrf(here, unpack_u32(attributes[link.IFLA_MASTER]))
        changed.master = unpack_u32(attributes[link.IFLA_MASTER])
        join_default_vlan(here, changed)
        if reroutes:
            start_over(here, changed.index)
    if link.IFLA_IFALIAS in attributes:
        changed.alias = unpack_text(attributes[link.IFLA_IFALIAS])
    if link.IFLA_ADDRESS in attributes:
        changed.mac = link.format_mac(attributes[link.IFLA_ADDRESS])
    if link.IFLA_MTU in attributes:
        changed.mtu = unpack_u32(attributes[link.IFLA_MTU])
    if link.IFLA_TXQLEN in attributes:
        changed.txqlen = unpack_u32(attributes[link.IFLA_TXQLEN])
    if link.IFLA_GROUP in attributes:
        here.groups[changed.index] = unpack_u32(attributes[link.IFLA_GROUP])
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    changed.port |= unpack_attributes(info.get(link.IFLA_INFO_SLAVE_DATA, b""))
    if change & link.IFF_UP:
        if not changed.is_up:
            here.routes = [each for each in here.routes if each.index != changed.index]
        connect(here, changed.index)


def delete_alternative_name(here: Tables, request: Request) -> None:
    """RTM_DELLINKPROP. Raises NetlinkError (ENODEV, ENOENT)."""
    changed = get_link(here, request)
    (name,) = link.unpack_alternative_names(unpack_attributes(request.body[link.INFO.size :])[link.IFLA_PROP_LIST])
    if name not in changed.alternative_names:
        raise NetlinkError(ENOENT, request.text)
    changed.alternative_names = tuple(each for each in changed.alternative_names if each != name)


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
    """A veth takes its other end along, every link its addresses and routes and what is made on it, a master leaves its
    ports free."""
    forget_index(here, gone.index)
    for port in here.links:
        port.master = 0 if port.master == gone.index else port.master
    for place, upper in list_on(here, gone):
        forget_link(place, upper)
    if gone.kind != "veth":
        return
    here.world.severed.add((gone.index, gone.link))
    far = find_far_end(here, gone)
    if far:
        forget_index(far[0], far[1].index)


def find_far_end(here: Tables, end: Link) -> tuple[Tables, Link] | None:
    """Where the other end of a veth is, and the end. None for other links, and if it is where nobody has looked."""
    for each in here.world.namespaces if end.kind == "veth" else ():
        far = each.find(index=end.link)
        if far and far.kind == "veth" and far.link == end.index and (each is here) == (end.netnsid is None):
            return each, far
    return None


def forget_index(here: Tables, index: int) -> None:
    """A link and what it has."""
    here.links = [each for each in here.links if each.index != index]
    here.addresses = [each for each in here.addresses if each.index != index]
    here.routes = [each for each in here.routes if each.index != index]
    here.queues.pop(index, None)


def get_link(here: Tables, request: Request) -> Link:
    """The link a request is about. Raises NetlinkError (ENODEV)."""
    index = link.INFO.unpack_from(request.body)[2]
    attributes = unpack_attributes(request.body[link.INFO.size :])
    name = unpack_text(attributes.get(link.IFLA_IFNAME) or attributes.get(link.IFLA_ALT_IFNAME))
    found = here.find("" if index else name, index)
    if found is None:
        raise NetlinkError(ENODEV, request.text)
    return found


CHANGES: dict[int, Callable[[Tables, Request], None]] = {
    link.RTM_NEWLINK: new_link,
    link.RTM_DELLINK: delete_link,
    RTM_DELLINKPROP: delete_alternative_name,
    RTM_SETLINK: add_vlans,
    addr.RTM_NEWADDR: new_address,
    addr.RTM_DELADDR: delete_address,
    route.RTM_NEWROUTE: new_route,
    route.RTM_DELROUTE: delete_route,
    rule.RTM_NEWRULE: new_rule,
    rule.RTM_DELRULE: delete_rule,
    **traffic.CHANGES,
}
