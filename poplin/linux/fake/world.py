"""What the kernel in memory holds: a table of links, one of addresses and one of routes for each namespace."""

from __future__ import annotations

from poplin.linux.wire.link import Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.wire.addr import Address
    from poplin.linux.wire.route import RouteEntry

FIRST_FD = 1000  # pretended descriptors of namespaces, far from any real one


class World:
    """All namespaces, and what they share: the log, and the numbers of links, unique everywhere to keep logs plain."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.namespaces: list[Tables] = []
        self._last_index = 1  # lo

    def add_namespace(self, name: str = "") -> Tables:
        """Empty tables but for `lo`; the host's namespace has no name."""
        self.namespaces.append(Tables(self, name, FIRST_FD + len(self.namespaces)))
        return self.namespaces[-1]

    def get_namespace(self, fd: int) -> Tables:
        """The one with this pretended descriptor."""
        return next(each for each in self.namespaces if each.fd == fd)

    def next_index(self) -> int:
        """The number of a new link."""
        self._last_index += 1
        return self._last_index


class Tables:
    """One namespace. `groups` has the group of each link that was given one, `vlans` the flags by id of each port,
    `firewall` the sets of each nft table."""

    def __init__(self, world: World, name: str, fd: int) -> None:
        self.world = world
        self.name = name
        self.fd = fd
        self.links: list[Link] = [make_loopback()]
        self.addresses: list[Address] = []
        self.routes: list[RouteEntry] = []
        self.groups: dict[int, int] = {}
        self.vlans: dict[int, dict[int, int]] = {}
        self.firewall: dict[str, dict[str, dict[bytes, bytes]]] = {}

    def find(self, name: str = "", index: int = 0) -> Link | None:
        """A link by name or number."""
        return next((each for each in self.links if each.index == index or (name and each.name == name)), None)

    def note(self, text: str) -> None:
        """Log a command, with the namespace as ip(8) writes it."""
        program, _, words = text.partition(" ")
        if self.name:
            text = f"ip -n {self.name} {words}" if program == "ip" else f"ip netns exec {self.name} {text}"
        self.world.log.append(text)


def make_loopback() -> Link:
    """`lo`, down as in a new namespace."""
    lo = Link(1, "lo")
    lo.mac = "00:00:00:00:00:00"
    lo.mtu = 65536
    return lo
