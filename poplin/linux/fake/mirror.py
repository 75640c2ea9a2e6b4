"""A kernel in memory that begins as the real one is: what is asked is read there, what is changed stays in memory.

Tables, sets and switches of a namespace are read when somebody first asks for them. Nothing is made, not even by
asking: no neighbour is probed, no table of nftables begun. Of nftables our own sets are read, and what plugins ask for
by its name.
"""

from __future__ import annotations

import posix
from errno import ENOENT

from poplin.linux.fake.files import FakeFiles
from poplin.linux.fake.firewall import FakeNetfilterSocket, FakeRuleset, split_elements
from poplin.linux.fake.kernel import FakeNamespace
from poplin.linux.fake.queues import Queues, read_queues
from poplin.linux.fake.socket import FakeSocket
from poplin.linux.fake.world import Tables, World
from poplin.linux.kernel import Kernel
from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.elements import NFT_MSG_GETSETELEM, Set, list_elements
from poplin.linux.sysctl import ROOT
from poplin.linux.wire import neigh
from poplin.linux.wire.rule import list_rules

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeVar

    from poplin.linux.fake.world import Elements
    from poplin.linux.netlink import Request
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.route import RouteEntry

    T = TypeVar("T")

FIRST_INDEX = 1 << 20  # of links that are made in memory: no real one has such a number
FAMILIES = (2, 10)  # AF_INET, AF_INET6
READ_LATE = ("links", "addresses", "routes", "rules")


class MirrorKernel(Kernel):
    """The host's namespace is the one the thread is in; `log` has every change, a line each, in order."""

    def __init__(self) -> None:
        super().__init__()
        self._real = Kernel()
        self._world = World(FIRST_INDEX)
        self._files = self._written = FakeFiles(self._world.log.append)
        self._seen: dict[tuple[int, int], MirrorNamespace] = {}

    @property
    def log(self) -> list[str]:
        """The changes."""
        return self._world.log

    def find_content(self, line: str) -> bytes:
        """What is written where a line of the log says that something is; nothing for other lines."""
        program, _, path = line.partition(" ")
        return (self._written.written.get(path) or b"") if program == "write" else b""

    @property
    def invented(self) -> dict[str, str]:
        """The links whose MAC the real kernel would choose at random, by the one that stands for it."""
        return self._world.invented

    def is_random(self, mac: str) -> bool:
        """Whether the next time it would be another."""
        return mac in self._world.invented or mac in self._world.drawn

    @property
    def host(self) -> Namespace:
        """The namespace plugins are run in."""
        if self._host is None:
            self._host = self._mirror(self._real.host, "")
        return self._host

    def open(self, path: str) -> Namespace:
        """The namespace at `path`, the same one for every path that leads there. Raises OSError."""
        real = self._real.open(path)
        found = self._seen.get(real.identity)
        if found is None and real.identity == self._real.host.identity:
            real.close()
            return self.host
        if found:
            real.close()
        return found or self._mirror(real, real.name)

    def is_own_namespace(self, path: str) -> bool:
        """Whether `path` leads to the host's."""
        return self._real.is_own_namespace(path)

    def close(self) -> None:
        """Let go of all real namespaces."""
        for each in self._seen.values():
            each.real.close()
        self._seen.clear()

    def _mirror(self, real: Namespace, name: str) -> MirrorNamespace:
        made = self._seen[real.identity] = MirrorNamespace(real, MirrorTables(self._world, name, real))
        return made


class MirrorTables(Tables):
    """The tables of a real namespace, read when they are needed."""

    def __init__(self, world: World, name: str, real: Namespace) -> None:
        super().__init__(world, name)
        self.real = real
        self._found_routes: set[RouteEntry] = set()
        for late in READ_LATE:
            delattr(self, late)
        world.join(self)

    def __getattr__(self, name: str) -> Any:
        """Called for what was not read yet. Raises OSError."""
        if name not in READ_LATE:
            raise AttributeError(name)
        rtnl = self.real.rtnl
        if name == "links":
            self.links = [each for each in rtnl.list_links() if (each.link, each.index) not in self.world.severed]
        elif name == "addresses":
            self.addresses = [each for each in rtnl.list_addresses() if self.find(index=each.index)]
        elif name == "rules":
            self.rules = [body for family in FAMILIES for body in rtnl.socket.dump(list_rules(family))]
        else:
            self.routes = [each for each in rtnl.list_routes() if self.find(index=each.index)]
            self._found_routes = set(self.routes)
        return self.__dict__[name]

    def list_own_routes(self) -> list[RouteEntry]:
        """Those that were made in memory."""
        return [each for each in self.routes if each not in self._found_routes]

    def ask_route(self, request: Request) -> bytes:
        """As the real kernel says."""
        return self.real.rtnl.socket.ask(request)

    def find_vlans(self, index: int) -> dict[int, int] | None:
        """Of a port that is there in reality as the kernel has them."""
        if index not in self.vlans and index < FIRST_INDEX:
            found = self.real.rtnl.list_vlans(index)
            self.vlans[index] = {vid: each.flags for each in found for vid in range(each.first, each.last + 1)}
        return self.vlans.get(index)

    def find_queues(self, index: int) -> Queues:
        """Of a link that is there in reality as the kernel has it."""
        if index not in self.queues and index < FIRST_INDEX:
            self.queues[index] = read_queues(self.real.rtnl, index)
        return super().find_queues(index)

    def has_table(self, table: str) -> bool:
        """Loaded in memory, or there."""
        return table in self.firewall or self.real.has_table(table)

    def find_set(self, table: str, name: str) -> Elements | None:
        """Changed in memory, or as it is there."""
        found = super().find_set(table, name)
        if found is None:
            found = self._read_set(table, name)
            if found is not None:
                self.firewall.setdefault(table, {})[name] = found
        return found

    def _read_set(self, table: str, name: str) -> Elements | None:
        try:
            bodies = self.real.nft.socket.dump(list_elements(Set(table, name, ())))
        except NetlinkError as error:
            if error.errno != ENOENT:
                raise
            return None
        return {key: element for body in bodies for key, element in split_elements(body)}


class MirrorNamespace(FakeNamespace):
    """A namespace over such tables."""

    def __init__(self, real: Namespace, tables: MirrorTables) -> None:
        super().__init__(tables, real.path, MirrorSocket(tables), FakeRuleset(tables, MirrorNetfilterSocket(tables)))
        self.real = real

    @property
    def identity(self) -> tuple[int, int]:
        """The real one's."""
        return self.real.identity

    @property
    def lasting_identity(self) -> tuple[int, int, int]:
        """The real one's."""
        return self.real.lasting_identity

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """In the real namespace; what changes something comes by way of `change`."""
        return self.real.run(function, *arguments)

    def read_sysctl(self, key: str) -> str:
        """What was written, or as it is there; of a link made in memory what every new one has."""
        return self.sysctls[key] if key in self.sysctls else self.real.read_sysctl(self._real_key(key))

    def write_sysctl(self, key: str, value: str) -> None:
        """Keep and log it, if it could be written. Raises OSError."""
        self.real.run(check_writable, self._real_key(key))
        super().write_sysctl(key, value)

    def find_net_file(self, name: str) -> bytes | None:
        """The content there."""
        return self.real.find_net_file(name)

    def _real_key(self, key: str) -> str:
        parts = key.split("/")
        if len(parts) == 5 and parts[3] in self._tables.born:  # net/ipv4/conf/eth0/arp_notify
            parts[3] = "default"
        return "/".join(parts)


def check_writable(key: str) -> None:
    """Open a switch for writing, and write nothing. Raises OSError."""
    posix.close(posix.open(ROOT + key, posix.O_WRONLY | posix.O_CLOEXEC))


class MirrorSocket(FakeSocket):
    """The socket of one namespace; neighbours are only looked at."""

    def __init__(self, tables: MirrorTables) -> None:
        super().__init__(tables)
        self._real = tables.real

    def send(self, requests: Sequence[Request]) -> None:
        """As in memory. Whoever forgets a neighbour does so to ask for it anew, and nobody is asked."""
        for request in requests:
            if request.kind == neigh.RTM_NEWNEIGH:
                self._tables.note(f"# {request.text} is not done: what the kernel knows already has to do")
        super().send([each for each in requests if each.kind not in (neigh.RTM_NEWNEIGH, neigh.RTM_DELNEIGH)])

    def ask(self, request: Request) -> bytes:
        """As in memory."""
        return self._real.rtnl.socket.ask(request) if request.kind == neigh.RTM_GETNEIGH else super().ask(request)


class MirrorNetfilterSocket(FakeNetfilterSocket):
    """Its socket for nftables and connections: what is no set of ours is looked at as it is there."""

    def __init__(self, tables: MirrorTables) -> None:
        super().__init__(tables)
        self._real = tables.real

    def find_answered(self, requests: Sequence[Request]) -> list[Request]:
        """Those that there are."""
        return self._real.nft.socket.find_answered(requests)

    def dump(self, request: Request) -> list[bytes]:
        """A set as it is in memory, everything else as it is there."""
        return super().dump(request) if request.kind == NFT_MSG_GETSETELEM else self._real.nft.socket.dump(request)
