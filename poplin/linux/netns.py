"""Network namespaces: opened once by path, then known by descriptor, device and inode.

The path is never looked at again: /proc/PID/ns/net may belong to another process a moment later. A thread, not a
process, is in a namespace, so entering and leaving are one call here, and nothing else in the project calls setns.
"""

from __future__ import annotations

import posix
from errno import EINVAL
from fcntl import ioctl

from poplin.linux.atomicfile import read_file
from poplin.linux.rtnl import Rtnl
from poplin.linux.sysctl import read_sysctl, write_sysctl

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from typing import TypeVar

    from poplin.linux.nft.ruleset import Ruleset
    from poplin.linux.tap import Tap

    T = TypeVar("T")

CLONE_NEWNET = 0x40000000  # linux/sched.h
NS_GET_NSTYPE = 0xB703  # linux/nsfs.h
OWN = "/proc/thread-self/ns/net"
NAMED = ("/run/netns", "/var/run/netns")  # where ip(8) has those it knows by name


class NotANamespace(OSError):
    """The path leads to something that is no network namespace."""


def open_namespace(path: str) -> int:
    """A descriptor of the namespace. Raises FileNotFoundError and other OSErrors, or NotANamespace."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC | posix.O_NONBLOCK)
    try:
        if ioctl(fd, NS_GET_NSTYPE) == CLONE_NEWNET:
            return fd
    except OSError:
        pass
    posix.close(fd)
    raise NotANamespace(EINVAL, "not a network namespace", path)


class Namespace:
    """An open namespace: its links and routes (`rtnl`), its switches, and a way to run something inside."""

    def __init__(self, path: str = OWN) -> None:
        self.path = path
        self.fd = open_namespace(path)
        self._rtnl: Rtnl | None = None
        self._nft: Ruleset | None = None

    def __enter__(self) -> Namespace:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    def __repr__(self) -> str:
        device, inode = self.identity
        return f"<Namespace {self.path} {device}:{inode}>"

    @property
    def name(self) -> str:
        """What ip(8) calls it: `blue` for /run/netns/blue, and others by their path."""
        folder, _, name = self.path.rpartition("/")
        return name if folder in NAMED else self.path

    def close(self) -> None:
        """Let go of it. Raises OSError the second time, as everything does that needs it open."""
        for socket in (self._rtnl, self._nft):
            if socket:
                socket.close()
        fd, self.fd = self.fd, -1  # the number may be another file's the next moment
        posix.close(fd)

    @property
    def identity(self) -> tuple[int, int]:
        """(device, inode): the same for every path that leads here. Raises OSError."""
        status = posix.fstat(self.fd)
        return status.st_dev, status.st_ino

    @property
    def lasting_identity(self) -> tuple[int, int, int]:
        """(device, inode, cookie), to know it by later: of one that is gone the inode is given to the next, the cookie
        to none until the machine is booted again. It is 0 before Linux 5.14. Raises OSError."""
        return *self.identity, self.rtnl.socket.find_namespace_cookie()

    @property
    def rtnl(self) -> Rtnl:
        """Its links, addresses and routes; the socket is born inside and works from anywhere."""
        if self._rtnl is None:
            self._rtnl = self.run(Rtnl)
        return self._rtnl

    @property
    def nft(self) -> Ruleset:
        """Its nftables, likewise."""
        if self._nft is None:
            from poplin.linux.nft.ruleset import Ruleset  # most calls need none

            self._nft = self.run(Ruleset)
        return self._nft

    def has_table(self, table: str) -> bool:
        """Whether nftables has this table, as `inet poplin`. Raises OSError."""
        from poplin.linux.nft.presence import has_table

        return self.run(has_table, table)

    def run(self, function: Callable[..., T], *arguments: object) -> T:
        """Call `function` with the thread inside, wherever it is now; it is back there afterwards."""
        now = posix.stat(OWN)
        if self.identity == (now.st_dev, now.st_ino):
            return function(*arguments)
        own = posix.open(OWN, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            setns(self.fd)
            try:
                return function(*arguments)
            finally:
                setns(own)
        finally:
            posix.close(own)

    def lock(self, seconds: float) -> AbstractContextManager[object]:
        """`with namespace.lock(5):` keeps out whoever else works inside under this lock, the reference's sbr for one.
        Raises LockTimeout."""
        from poplin.linux.lockfile import LockDescriptor  # few need it

        return LockDescriptor(self.fd, self.path, seconds)

    def add_tap(self, tap: Tap) -> None:
        """Make a tap inside. Raises NetlinkError, or another OSError with the path of what cannot be opened."""
        from poplin.linux.tap import create_tap  # few make any

        self.run(create_tap, tap)

    def change(self, lines: Sequence[str], function: Callable[..., object], *arguments: object) -> None:
        """The same for what changes something by other programs' help; `lines` say it for a shell, where that is all
        that is wanted of it."""
        self.run(function, *arguments)

    def read_sysctl(self, key: str) -> str:
        """The value of a switch inside. Raises OSError."""
        return self.run(read_sysctl, key)

    def write_sysctl(self, key: str, value: str) -> None:
        """Set a switch inside. Raises OSError."""
        self.run(write_sysctl, key, value)

    def find_net_file(self, name: str) -> bytes | None:
        """The content of a file of /proc/net inside, None if the kernel has none of this name. Raises OSError."""
        return self.run(read_file, f"/proc/thread-self/net/{name}")

    def prefer_sysctl(self, key: str, value: str) -> None:
        """Set a switch inside, if that can be: a kernel may be without IPv6, and /proc/sys read-only in a container."""
        try:
            self.write_sysctl(key, value)
        except OSError:
            return


def setns(fd: int) -> None:
    """Move the thread into the network namespace behind `fd`. Raises OSError."""
    if hasattr(posix, "setns"):  # Python 3.12
        posix.setns(fd, CLONE_NEWNET)
    elif _call_setns(fd) != 0:
        _explain_setns(fd)


def _call_setns(fd: int) -> int:
    # `_ctypes` is half of ctypes' price (0.9 of 1.9 ms) and all that one call of two integers needs
    global _setns
    import _ctypes

    if not _setns:
        _setns = _ctypes.dlsym(_ctypes.dlopen(None, posix.RTLD_NOW), "setns")  # type: ignore[arg-type]
    return int(_ctypes.call_function(_setns, (fd, CLONE_NEWNET)))


_setns = 0


def _explain_setns(fd: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(fd, CLONE_NEWNET) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot enter the network namespace: {posix.strerror(code)}")
