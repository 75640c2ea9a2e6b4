"""A kernel in memory that prints itself as `ip` lines.

It stands in for `Kernel`: requests are decoded by the same codec that the real kernel's answers are, links, addresses
and routes are kept per namespace, and every change is logged as the command it equals. Tests compare that log, and a
dry run can show it. It refuses what the code above it must handle: names that exist or do not.
"""

from __future__ import annotations

from errno import EEXIST, ENETUNREACH, ENODEV, EOPNOTSUPP

from poplin.linux.kernel import Kernel
from poplin.linux.netlink import (
    NLM_F_EXCL,
    NetlinkError,
    Request,
    Socket,
    attribute,
    nest,
    text_attribute,
    u32_attribute,
    unpack_attributes,
    unpack_text,
    unpack_u32,
)
from poplin.linux.netns import Namespace
from poplin.linux.rtnl import Rtnl
from poplin.linux.wire import addr, link, route
from poplin.linux.wire.veth import VETH_INFO_PEER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from poplin.linux.wire.link import Link

    T = TypeVar("T")

FIRST_MAC = bytes([2, 0, 0, 0, 0, 0])


class FakeKernel(Kernel):
    """Namespaces by path, made when they are opened; `log` has every change, a line each, in order."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        super().__init__()
        self.log: list[str] = []
        self._indexes = 1
        self._host = self._here = FakeNamespace(self, "host", "")
        self._others = {path: FakeNamespace(self, path, f"-n {path.rsplit('/', 1)[-1]} ") for path in paths}

    def open(self, path: str) -> Namespace:
        """The namespace at `path`. Raises FileNotFoundError."""
        if path not in self._others:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self._others[path]

    def is_own_namespace(self, path: str) -> bool:
        """Only `host` is."""
        return path == "host"

    def next_index(self) -> int:
        """Interface numbers, unique over all namespaces to keep logs plain."""
        self._indexes += 1
        return self._indexes

    def namespace_of(self, fd: int) -> FakeNamespace:
        """The namespace with this pretended descriptor."""
        return next(each for each in self._others.values() if each.fd == fd)

    @property
    def namespaces(self) -> list[FakeNamespace]:
        """All of them, the host's first."""
        return [self._here, *self._others.values()]


class FakeNamespace(Namespace):
    """Links, addresses and routes in lists; switches in a dict that says "0" for what nobody wrote."""

    def __init__(self, kernel: FakeKernel, path: str, prefix: str) -> None:
        self.kernel = kernel
        self.path = path
        self.prefix = prefix
        self.fd = sum(map(ord, path))
        self.links: list[Link] = []
        self.addresses: list[addr.Address] = []
        self.routes: list[route.RouteEntry] = []
        self.sysctls: dict[str, str] = {}
        self._rtnl = Rtnl(FakeSocket(self))
        lo = link.Link(1, "lo", 0)
        lo.mac = "00:00:00:00:00:00"
        self.links.append(lo)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def identity(self) -> tuple[int, int]:
        """The pretended inode."""
        return 0, self.fd

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Only what the other methods offer can be run in memory."""
        return function(*arguments)

    def read_sysctl(self, key: str) -> str:
        """What was written."""
        return self.sysctls.get(key, "0")

    def write_sysctl(self, key: str, value: str) -> None:
        """Keep and log it."""
        self.sysctls[key] = value
        self.note(f"sysctl -w {key}={value}")

    def note(self, text: str) -> None:
        """Log a command, with the namespace as ip(8) writes it."""
        program, _, words = text.partition(" ")
        if program == "ip":
            text = f"ip {self.prefix}{words}"
        elif self.prefix:
            text = f"ip netns exec {self.prefix.split()[1]} {text}"
        self.kernel.log.append(text)

    def find(self, name: str = "", index: int = 0) -> Link | None:
        """A link by name or number."""
        return next((each for each in self.links if each.index == index or (name and each.name == name)), None)


class FakeSocket(Socket):
    """Requests in, the namespace's lists changed or read."""

    def __init__(self, namespace: FakeNamespace) -> None:
        self._namespace = namespace

    def close(self) -> None:
        """Nothing is open."""

    def send(self, requests: Sequence[Request]) -> None:
        """Do each in order; like the kernel, go on after a refusal and raise the first."""
        refused: NetlinkError | None = None
        for request in requests:
            try:
                CHANGES[request.kind](self._namespace, request)
                self._namespace.note(request.text)
            except NetlinkError as error:
                refused = refused or error
        if refused:
            raise refused

    def ask(self, request: Request) -> bytes:
        """One link, or the route to an address: there is none."""
        if request.kind == link.RTM_GETLINK:
            return pack_link(get_link(self._namespace, request))
        raise NetlinkError(ENETUNREACH, request.text)

    def dump(self, request: Request) -> list[bytes]:
        """All links, addresses or routes, filtered as the request says."""
        if request.kind == link.RTM_GETLINK:
            info = unpack_attributes(unpack_attributes(request.body[link.INFO.size :]).get(link.IFLA_LINKINFO, b""))
            kind = unpack_text(info.get(link.IFLA_INFO_KIND))
            return [pack_link(each) for each in self._namespace.links if not kind or each.kind == kind]
        if request.kind == addr.RTM_GETADDR:
            index = addr.INFO.unpack_from(request.body)[4]
            return [pack_address(each) for each in self._namespace.addresses if index in (0, each.index)]
        family = route.INFO.unpack_from(request.body)[0]
        return [route.pack_route(each) for each in self._namespace.routes if each.dst.ip.family == family]


# What each kind of change does.


def new_link(here: FakeNamespace, request: Request) -> None:
    """RTM_NEWLINK: make one, or change one."""
    attributes = unpack_attributes(request.body[link.INFO.size :])
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    if request.flags & NLM_F_EXCL:
        made = make_link(here, request, request.body)
        data = unpack_attributes(info.get(link.IFLA_INFO_DATA, b""))
        if VETH_INFO_PEER in data:
            far_attributes = unpack_attributes(data[VETH_INFO_PEER][link.INFO.size :])
            there = here.kernel.namespace_of(unpack_u32(far_attributes[link.IFLA_NET_NS_FD]))
            try:
                far = make_link(there, request, data[VETH_INFO_PEER])
            except NetlinkError:
                here.links.remove(made)
                raise
            made.kind = far.kind = "veth"
            made.link, far.link = far.index, made.index
        return
    changed = get_link(here, request)
    _, _, _, flags, change = link.INFO.unpack_from(request.body)
    changed.flags = changed.flags & ~change | flags & change
    changed.operstate = link.IF_OPER_UP if changed.is_up else 2
    changed.master = unpack_u32(attributes.get(link.IFLA_MASTER), changed.master)
    changed.alias = unpack_text(attributes.get(link.IFLA_IFALIAS)) or changed.alias
    if link.IFLA_ADDRESS in attributes:
        changed.mac = link.format_mac(attributes[link.IFLA_ADDRESS])


def make_link(here: FakeNamespace, request: Request, body: bytes) -> Link:
    """A link as `body` describes it. Raises NetlinkError (EEXIST)."""
    attributes = unpack_attributes(body[link.INFO.size :])
    name = unpack_text(attributes[link.IFLA_IFNAME])
    if here.find(name):
        raise NetlinkError(EEXIST, request.text)
    made = link.Link(here.kernel.next_index(), name)
    made.mac = link.format_mac(attributes.get(link.IFLA_ADDRESS, FIRST_MAC[:5] + bytes([made.index])))
    made.mtu = unpack_u32(attributes.get(link.IFLA_MTU), 1500)
    info = unpack_attributes(attributes.get(link.IFLA_LINKINFO, b""))
    made.kind = unpack_text(info.get(link.IFLA_INFO_KIND))
    here.links.append(made)
    return made


def delete_link(here: FakeNamespace, request: Request) -> None:
    """RTM_DELLINK: a veth takes its other end along, every link its addresses and routes."""
    gone = get_link(here, request)
    for each in here.kernel.namespaces:
        numbers = {gone.index, gone.link} if gone.kind == "veth" else {gone.index}
        if each is here or gone.kind == "veth":
            each.links = [other for other in each.links if other.index not in numbers]
            each.addresses = [other for other in each.addresses if other.index not in numbers]
            each.routes = [other for other in each.routes if other.index not in numbers]


def get_link(here: FakeNamespace, request: Request) -> Link:
    """The link a request is about. Raises NetlinkError (ENODEV)."""
    index = link.INFO.unpack_from(request.body)[2]
    name = unpack_text(unpack_attributes(request.body[link.INFO.size :]).get(link.IFLA_IFNAME))
    found = here.find("" if index else name, index)
    if found is None:
        raise NetlinkError(ENODEV, request.text)
    return found


def new_address(here: FakeNamespace, request: Request) -> None:
    """RTM_NEWADDR. Raises NetlinkError (EEXIST)."""
    address = addr.unpack_address(request.body)
    if any((each.index, each.prefix) == (address.index, address.prefix) for each in here.addresses):
        raise NetlinkError(EEXIST, request.text)
    here.addresses.append(address)


def delete_address(here: FakeNamespace, request: Request) -> None:
    """RTM_DELADDR."""
    gone = addr.unpack_address(request.body)
    here.addresses = [each for each in here.addresses if (each.index, each.prefix) != (gone.index, gone.prefix)]


def new_route(here: FakeNamespace, request: Request) -> None:
    """RTM_NEWROUTE. Raises NetlinkError (EEXIST)."""
    made = route.unpack_routes(request.body)
    if made[0] in here.routes:
        raise NetlinkError(EEXIST, request.text)
    here.routes += made


def refuse(here: FakeNamespace, request: Request) -> None:
    """For what nobody needed in memory yet."""
    raise NetlinkError(EOPNOTSUPP, request.text, "the kernel in memory does not know it")


CHANGES: dict[int, Callable[[FakeNamespace, Request], None]] = {
    link.RTM_NEWLINK: new_link,
    link.RTM_DELLINK: delete_link,
    addr.RTM_NEWADDR: new_address,
    addr.RTM_DELADDR: delete_address,
    route.RTM_NEWROUTE: new_route,
    route.RTM_DELROUTE: refuse,
}


# Answers, as the kernel packs them.


def pack_link(each: Link) -> bytes:
    """The body of an RTM_NEWLINK that tells of a link."""
    body = link.INFO.pack(0, 0, each.index, each.flags, 0) + text_attribute(link.IFLA_IFNAME, each.name)
    body += attribute(link.IFLA_ADDRESS, link.parse_mac(each.mac)) + u32_attribute(link.IFLA_MTU, each.mtu)
    body += u32_attribute(link.IFLA_MASTER, each.master) + u32_attribute(link.IFLA_LINK, each.link)
    body += text_attribute(link.IFLA_IFALIAS, each.alias) + attribute(link.IFLA_OPERSTATE, bytes([each.operstate]))
    return body + nest(link.IFLA_LINKINFO, text_attribute(link.IFLA_INFO_KIND, each.kind))


def pack_address(each: addr.Address) -> bytes:
    """The body of an RTM_NEWADDR that tells of an address."""
    body = addr.INFO.pack(each.prefix.ip.family, each.prefix.length, each.flags & 0xFF, each.scope, each.index)
    return body + attribute(addr.IFA_ADDRESS, each.prefix.ip.packed)
