"""What the kernel in memory holds: a table of links, one of addresses and one of routes for each namespace."""

from __future__ import annotations

from errno import ENETUNREACH

from poplin.linux.fake.queues import Queues
from poplin.linux.fake.shell import spell
from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.link import Link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.wire.addr import Address
    from poplin.linux.wire.route import RouteEntry

    Elements = dict[bytes, bytes]  # the nest of each by the nest of its key

FIRST_FD = 1000  # pretended descriptors of namespaces, far from any real one


class World:
    """All namespaces, and what they share: the log, and the numbers of new links, unique everywhere to keep logs plain.

    `invented` has the links whose MAC a real kernel would have chosen at random, by that MAC; `drawn` the MACs that
    who made the link has drawn at random; `severed` the pairs that are gone, as the numbers of their ends.
    """

    def __init__(self, last_index: int = 1) -> None:
        self.log: list[str] = []
        self.namespaces: list[Tables] = []
        self.invented: dict[str, str] = {}
        self.drawn: set[str] = set()
        self.severed: set[tuple[int, int]] = set()
        self._last_index = last_index

    def add_namespace(self, name: str = "") -> Tables:
        """Empty tables but for `lo`; the host's namespace has no name."""
        return self.join(Tables(self, name))

    def join(self, tables: Tables) -> Tables:
        """Make these known."""
        tables.fd = FIRST_FD + len(self.namespaces)
        self.namespaces.append(tables)
        return tables

    def get_namespace(self, fd: int) -> Tables:
        """The one with this pretended descriptor."""
        return next(each for each in self.namespaces if each.fd == fd)

    def next_index(self) -> int:
        """The number of a new link."""
        self._last_index += 1
        return self._last_index


class Tables:
    """One namespace. `groups` has the group of each link that was given one, `vlans` the flags by id of each port,
    `firewall` the sets of each nft table, `born` the names of links that were made here."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.fd = 0
        self.links: list[Link] = [make_loopback()]
        self.addresses: list[Address] = []
        self.routes: list[RouteEntry] = []
        self.rules: list[bytes] = []
        self.groups: dict[int, int] = {}
        self.vlans: dict[int, dict[int, int]] = {}
        self.queues: dict[int, Queues] = {}
        self.firewall: dict[str, dict[str, Elements]] = {}
        self.born: set[str] = set()

    def find(self, name: str = "", index: int = 0) -> Link | None:
        """A link by name, which may be an alternative one, or number."""
        found = (each for each in self.links if each.index == index or name in (each.name, *each.alternative_names))
        return next(found, None)

    def note(self, text: str) -> None:
        """Log a command, or several of bridge(8), which does one thing a time."""
        for each in text.split("; ") if text.startswith("bridge ") else [text]:
            self.world.log.append(spell(each, self.name))

    # What a namespace that mirrors a real one knows better.

    def list_own_routes(self) -> list[RouteEntry]:
        """The routes that somebody made in memory."""
        return self.routes

    def ask_route(self, request: Request) -> bytes:
        """The way to an address to which none of these routes leads. Raises NetlinkError (ENETUNREACH)."""
        raise NetlinkError(ENETUNREACH, request.text)

    def find_vlans(self, index: int) -> dict[int, int] | None:
        """The VLANs of a port, None for what is no port."""
        return self.vlans.get(index)

    def find_queues(self, index: int) -> Queues:
        """The traffic control of a link."""
        return self.queues.setdefault(index, Queues())

    def has_table(self, table: str) -> bool:
        """Whether nftables has this table, as `inet poplin`."""
        return table in self.firewall

    def find_set(self, table: str, name: str) -> Elements | None:
        """A set of it."""
        return self.firewall.get(table, {}).get(name)


def make_loopback() -> Link:
    """`lo`, down as in a new namespace."""
    lo = Link(1, "lo")
    lo.mac = "00:00:00:00:00:00"
    lo.mtu = 65536
    return lo
