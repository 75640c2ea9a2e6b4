"""A program that goes on by itself, known by a file with its number: is it still that one, and how to tell it.

Numbers of processes are given again. So the process is held by a descriptor first, then looked at, and what is sent
goes by the descriptor: if it has ended meanwhile nobody else gets it.
"""

from __future__ import annotations

import posix
import select
from _signal import pidfd_send_signal  # type: ignore[import-not-found]

from poplin.linux.atomicfile import read_file
from poplin.linux.files import path_identity
from poplin.linux.folder import is_there
from poplin.linux.netns import OWN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_MOUNTS = "/proc/thread-self/ns/mnt"
SIGHUP, SIGKILL, SIGTERM = 1, 9, 15  # the signal module costs 3.5 ms and these numbers do not change
GENTLE_PATIENCE = 2.0  # seconds
LAST_PATIENCE = 10.0  # seconds after SIGKILL, which takes microseconds unless the machine is stuck


class Running:
    """A process, held until it is closed."""

    def __init__(self, pid: int) -> None:
        """Raises OSError if there is none."""
        self.pid = pid
        self._fd = posix.pidfd_open(pid)

    def __enter__(self) -> Running:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        posix.close(self._fd)

    def is_program(self, name: str, argument: str) -> bool:
        """Whether it lives, runs the program of this name, whatever has become of its file, and was given this."""
        return argument in self.list_arguments(name)

    def list_arguments(self, name: str) -> list[str]:
        """What it was given, if it lives and runs the program of this name; else nothing."""
        try:
            executable = posix.readlink(f"/proc/{self.pid}/exe").rpartition("/")[2].removesuffix(" (deleted)")
            words = read_file(f"/proc/{self.pid}/cmdline") if executable == name else b""
        except OSError:
            return []
        return [] if self.wait(0) else (words or b"").decode("utf-8", "surrogateescape").split("\0")[1:]

    def is_here(self) -> bool:
        """Whether it is in the network namespace of this thread."""
        return is_one(f"/proc/{self.pid}/ns/net", OWN)

    def sees(self, path: str) -> bool:
        """Whether a path leads it to the same file as us: another container has its own file of that name. If there is
        none, whether it sees the mounts that we see."""
        if is_there(path):
            return is_one(f"/proc/{self.pid}/root{path}", path)
        return is_one(f"/proc/{self.pid}/ns/mnt", OWN_MOUNTS)

    def wait(self, seconds: float) -> bool:
        """Until it has ended; whether it has."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def send(self, signal: int) -> bool:
        """Whether it was there to get it. Raises PermissionError."""
        try:
            pidfd_send_signal(self._fd, signal)
        except ProcessLookupError:
            return False
        return True

    def end(self) -> None:
        """Have it end, and wait for that."""
        for signal, seconds in ((SIGTERM, GENTLE_PATIENCE), (SIGKILL, LAST_PATIENCE)):
            if not self.send(signal) or self.wait(seconds):
                return


def is_one(path: str, other: str) -> bool:
    """Whether both are names of one thing that we may look at."""
    try:
        return path_identity(path) == path_identity(other)
    except OSError:
        return False


def find_running(number: bytes | None, name: str, argument: str) -> Running | None:
    """The process that a file has the number of, if it is that program."""
    text = (number or b"").strip()
    try:
        process = Running(int(text)) if text.isdigit() else None
    except (OSError, OverflowError):
        return None
    if process and not process.is_program(name, argument):
        process.__exit__(None, None, None)
        return None
    return process


def list_programs(name: str) -> Iterator[Running]:
    """All of this program, for when the file is gone; each is let go before the next."""
    for number in posix.listdir("/proc"):
        try:
            process = Running(int(number)) if number.isdigit() else None
        except OSError:
            continue
        if process:
            with process:
                if process.list_arguments(name):
                    yield process
