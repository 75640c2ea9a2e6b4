"""Where a rule is tried: a process with mounts and a network of its own, in which a plugin may write what it likes.

Over every folder of the machine lies a layer that takes what is written; /run, /dev/shm and the folders of other
plugins' state are empty, and of the kernel's settings only those of the network can be written. All of it is gone with
the process. Who is not root becomes root of a user namespace.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from poplin.linux.sysctl import write_sysctl
from poplin.runtime.foreground import call, libc
from poplin.runtime.sandbox import CLONE_NEWNET, CLONE_NEWNS, MS_REC, set_loopback_up

# linux/sched.h, sys/mount.h, linux/prctl.h
CLONE_NEWUSER = 0x10000000
MS_BIND = 4096
MS_PRIVATE = 1 << 18
MS_RDONLY = 1
MS_NOSUID, MS_NODEV, MS_NOEXEC = 2, 4, 8
MS_REMOUNT = 32
PR_SET_CHILD_SUBREAPER = 36

THE_KERNELS = ("proc", "sys", "dev", "run")  # at the top, and in no layer
RUN = "/run"
EMPTY = ("/var/lib/cni", "/var/lib/poplin", "/etc/cni")
SHARED_MEMORY = "/dev/shm"
SETTINGS = "/proc/sys"
OF_THE_NETWORK = f"{SETTINGS}/net"
OWN_MODE = b"mode=755"  # as folders of the system
ESCAPED = re.compile(r"\\([0-7]{3})")  # in /proc/self/mountinfo
OPTIONS = ("", ",userxattr")  # of layers, as root of the machine and as root of a user namespace
CACHES = "__pycache__"  # which an interpreter writes, not a plugin
NO_WAIT = "net/ipv6/conf/{}/accept_dad"  # an address is there at once, as nobody else can have it


class Room:
    """Enters it: the whole process, which must not have other threads. Raises OSError."""

    def __init__(self, keep: Sequence[str]) -> None:
        """`keep` are folders that are seen whatever lies over them."""
        if os.geteuid() != 0:
            become_root()
        call(libc.unshare, CLONE_NEWNS | CLONE_NEWNET)
        call(libc.prctl, PR_SET_CHILD_SUBREAPER, 1)
        call(libc.mount, b"none", b"/", None, MS_REC | MS_PRIVATE, None)
        opened = open_all(list_places())
        hidden = tuple(f"{folder}/" for folder in (RUN, SHARED_MEMORY, *EMPTY))
        kept = open_all([path for path in keep if f"{path}/".startswith(hidden)])
        mount("tmpfs", "/sys")  # under what comes there later, and so out of sight
        self._layers = os.open("/sys", os.O_RDONLY | os.O_DIRECTORY)
        self._covered = {path: number for number, (path, fd) in enumerate(opened) if self._cover(number, path, fd)}
        self._empty(EMPTY)
        mount("tmpfs", RUN)
        if os.path.isdir(SHARED_MEMORY):
            mount("tmpfs", SHARED_MEMORY, b"mode=1777")
        for path, fd in kept:
            os.makedirs(path, exist_ok=True)
            bind(fd, path)
            with suppress(OSError):
                make_read_only(path)
        for _, fd in (*opened, *kept):
            os.close(fd)
        os.mkdir(f"{RUN}/netns")
        with suppress(OSError):
            mount("sysfs", "/sys")
        protect_settings()
        set_loopback_up()
        hasten_addresses()
        os.chdir("/")

    def _cover(self, number: int, path: str, fd: int) -> bool:
        """Lay a layer over what is there; where that cannot be, what is there stays. Whether it could."""
        upper, work = (f"/proc/self/fd/{self._layers}/{number}.{part}" for part in ("upper", "work"))
        os.mkdir(upper)
        os.mkdir(work)
        for more in OPTIONS:
            with suppress(OSError):
                options = f"lowerdir=/proc/self/fd/{fd},upperdir={upper},workdir={work}{more}"
                mount("overlay", path, options.encode())
                return True
        with suppress(OSError):
            bind(fd, path)  # what was laid over the folders above hides it
        return False

    def _empty(self, folders: Sequence[str]) -> None:
        """Nothing of the machine's is in these. None is made on the machine itself."""
        for folder in folders:
            if not os.path.isdir(folder):
                if not any(folder.startswith(f"{place}/") for place in self._covered):
                    continue
                os.makedirs(folder)
            mount("tmpfs", folder)

    def list_files(self) -> Iterator[str]:
        """Every file and folder that a plugin may have written where state belongs."""
        for folder in (RUN, *EMPTY):
            for path in sorted(Path(folder).rglob("*")):
                yield f"{path}/" if path.is_dir() else str(path)

    def list_strays(self) -> Iterator[str]:
        """Every file written anywhere else: below a layer all that is in the upper part of it."""
        yield from map(str, sorted(Path(SHARED_MEMORY).rglob("*")))
        for place, number in self._covered.items():
            upper = Path(f"/proc/self/fd/{self._layers}/{number}.upper")
            for path in sorted(upper.rglob("*")):
                if not path.is_dir() and CACHES not in path.parts:
                    yield f"{place}/{path.relative_to(upper)}"


# Entering.


def become_root() -> None:
    """Of a user namespace, for who is an ordinary user outside. Raises OSError."""
    user, group = os.geteuid(), os.getegid()
    call(libc.unshare, CLONE_NEWUSER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"0 {user} 1")
    Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def list_places() -> list[str]:
    """The folders at the top, and whatever is mounted below them, from the top down."""
    top = [entry.path for entry in os.scandir("/") if entry.is_dir(follow_symlinks=False)]
    top = [path for path in top if path[1:] not in THE_KERNELS]
    mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    points = [ESCAPED.sub(lambda octal: chr(int(octal[1], 8)), point) for point in mounted]
    return sorted({*top, *(point for point in points if any(point.startswith(f"{path}/") for path in top))})


def open_all(paths: Sequence[str]) -> list[tuple[str, int]]:
    """Those that can be, to be found again whatever is mounted over them."""
    opened = []
    for path in paths:
        with suppress(OSError):
            opened.append((path, os.open(path, os.O_PATH)))
    return opened


def mount(kind: str, path: str, options: bytes = OWN_MODE) -> None:
    """Raises OSError."""
    data = None if kind == "sysfs" else options
    call(libc.mount, kind.encode(), path.encode(), kind.encode(), 0, data)


def bind(fd: int, path: str) -> None:
    """Put what is open at a place. Raises OSError."""
    call(libc.mount, f"/proc/self/fd/{fd}".encode(), path.encode(), None, MS_BIND | MS_REC, None)


def make_read_only(path: str) -> None:
    """What is mounted there, for us alone. Raises OSError."""
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | (os.statvfs(path).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC))
    call(libc.mount, None, path.encode(), None, flags, None)


def protect_settings() -> None:
    """Those of the kernel that are the whole machine's; root of a user namespace may not change them anyway."""
    with suppress(OSError):
        [(_, fd)] = open_all([OF_THE_NETWORK])
        call(libc.mount, SETTINGS.encode(), SETTINGS.encode(), None, MS_BIND, None)
        make_read_only(SETTINGS)
        bind(fd, OF_THE_NETWORK)
        os.close(fd)


def hasten_addresses() -> None:
    """In the namespace of this thread nothing waits for others that may have the same address."""
    for which in ("all", "default"):
        with suppress(OSError):  # a kernel without IPv6
            write_sysctl(NO_WAIT.format(which), "0")
