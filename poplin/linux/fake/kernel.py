"""A kernel in memory that prints itself as `ip` and `nft` lines.

It stands in for `Kernel`: requests are decoded by the same codec that the real kernel's answers are, links, addresses
and routes are kept per namespace, and every change is logged as the command it equals. Tests compare that log, and a
dry run can show it. It refuses what the code above it must handle: names that exist or do not.
"""

from __future__ import annotations

from poplin.linux.fake.files import FakeFiles
from poplin.linux.fake.firewall import FakeRuleset
from poplin.linux.fake.socket import FakeSocket
from poplin.linux.fake.world import Tables, World
from poplin.linux.kernel import Kernel
from poplin.linux.netlink import nest, text_attribute
from poplin.linux.netns import Namespace
from poplin.linux.rtnl import Rtnl
from poplin.linux.selinux import is_enabled
from poplin.linux.tap import KIND
from poplin.linux.wire.link import IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, add_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from poplin.linux.tap import Tap

    T = TypeVar("T")


class FakeKernel(Kernel):
    """The host's namespace and those at `paths`; `log` has every change, a line each, in order."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        super().__init__()
        world = World()
        self.log = world.log
        self._files = FakeFiles(world.log.append)
        self._host = FakeNamespace(world.add_namespace(), "host")
        self._others = {path: FakeNamespace(world.add_namespace(path.rsplit("/", 1)[-1]), path) for path in paths}

    def open(self, path: str) -> Namespace:
        """The namespace at `path`. Raises FileNotFoundError."""
        if path not in self._others:
            raise FileNotFoundError(2, "No such file or directory", path)
        return self._others[path]

    def is_own_namespace(self, path: str) -> bool:
        """Only `host` is."""
        return path == "host"


class FakeNamespace(Namespace):
    """A namespace over tables in memory; its switches say "0" until somebody writes them."""

    def __init__(
        self, tables: Tables, path: str, socket: FakeSocket | None = None, ruleset: FakeRuleset | None = None
    ) -> None:
        self.path = path
        self.fd = tables.fd
        self.sysctls: dict[str, str] = {}
        self._tables = tables
        self._rtnl = Rtnl(socket or FakeSocket(tables))
        self._nft = ruleset or FakeRuleset(tables)

    def close(self) -> None:
        """Nothing is open."""

    @property
    def identity(self) -> tuple[int, int]:
        """The pretended inode."""
        return 0, self.fd

    @property
    def lasting_identity(self) -> tuple[int, int, int]:
        """Likewise."""
        return *self.identity, self.fd

    def has_table(self, table: str) -> bool:
        """Whether something was loaded into it."""
        return self._tables.has_table(table)

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Only what the other methods offer can be run in memory."""
        return function(*arguments)

    def lock(self, seconds: float) -> Namespace:
        """Nobody else is in here."""
        return self

    def add_tap(self, tap: Tap) -> None:
        """Make a link of that name. Raises NetlinkError (EEXIST)."""
        kind = nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, KIND))
        command = f"runcon {tap.context} {tap.command}" if tap.context and is_enabled() else tap.command
        self.rtnl.apply(add_link(text_attribute(IFLA_IFNAME, tap.name) + kind, command))

    def change(self, lines: Sequence[str], function: Callable[..., object], *arguments: object) -> None:
        """Log it, and do nothing."""
        for line in lines:
            self._tables.note(line)

    def read_sysctl(self, key: str) -> str:
        """What was written."""
        return self.sysctls.get(key, "0")

    def write_sysctl(self, key: str, value: str) -> None:
        """Keep and log it."""
        self.sysctls[key] = value
        self._tables.note(f"sysctl -w {key}={value}")

    def find_net_file(self, name: str) -> bytes | None:
        """There are none."""
        return None
