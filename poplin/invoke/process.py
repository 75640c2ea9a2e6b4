"""One running plugin, or other short-lived program: its pipes, its end, and how to make it end.

Spawned without fork, in a process group of its own. The descriptor of the process is polled along with the pipes, so
that a background process a plugin leaves behind, still holding its pipes, cannot make us wait, and so that a plugin
that closes its pipes and stays is still under the deadline.
"""

from __future__ import annotations

import posix
import select
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SIGKILL = 9  # the signal module costs 3.5 ms and these numbers do not change
SIGPIPE = 13
SIGXFSZ = 25
IGNORED_BY_PYTHON = (SIGPIPE, SIGXFSZ)  # and what is ignored stays ignored in a child, unless reset

CHUNK = 1 << 20  # what a pipe can hold (fs.pipe-max-size), so that one read takes all there is
STATUS_LOST = -1
NO_END = 1 << 62  # bytes


class Process:
    """One running plugin. Leaving the `with` block kills and reaps what still runs and closes all descriptors."""

    __slots__ = ("_fds", "_stderr", "_stdin", "_stdout", "_watch", "errors", "output", "pid", "status")

    def __init__(self, path: str, environ: Mapping[str, str], arguments: Sequence[str] = ()) -> None:
        """Raises OSError, ValueError."""
        self.output = bytearray()
        self.errors = bytearray()
        self.status: int | None = None
        theirs_in, self._stdin, self._stdout, theirs_out, self._stderr, theirs_err = pipes = open_pipes(3)
        theirs = (theirs_in, theirs_out, theirs_err)
        self._fds = set(pipes)
        try:
            self.pid = posix.posix_spawn(
                path,
                [path, *arguments],
                environ,
                file_actions=[(posix.POSIX_SPAWN_DUP2, end, n) for n, end in enumerate(theirs)],
                setpgroup=0,
                setsigmask=(),
                setsigdef=IGNORED_BY_PYTHON,
            )
            try:
                self._watch = posix.pidfd_open(self.pid)
            except OSError:
                self.stop()
                raise
        except BaseException:
            self._close(*self._fds)
            raise
        self._close(*theirs)
        self._fds.add(self._watch)

    def __enter__(self) -> Process:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.stop()
        self._close(*self._fds)

    def converse(self, stdin: bytes, deadline: float | None, most: int = NO_END) -> bool:
        """Feed and read until the process ends; False if the deadline came first, or more than `most` bytes did."""
        poll = select.poll()
        for fd in self._fds:
            posix.set_blocking(fd, False)
            poll.register(fd, select.POLLOUT if fd == self._stdin else select.POLLIN)
        left = memoryview(stdin)
        while True:
            wait = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
            ready = {fd for fd, _ in poll.poll(wait)}
            if not ready:
                return False
            if self._stdin in ready:
                left = write_some(self._stdin, left)
                if not left:
                    poll.unregister(self._stdin)
                    self._close(self._stdin)
            ended = self._watch in ready
            for fd, kept in ((self._stdout, self.output), (self._stderr, self.errors)):
                # When it has ended, what it wrote is all there to be read.
                if fd in self._fds and (fd in ready or ended) and read_available(fd, kept):
                    poll.unregister(fd)
                    self._close(fd)
            if ended:
                return True
            if len(self.output) > most or len(self.errors) > most:
                return False

    def stop(self) -> int:
        """Kill the group if the process still runs, and reap it; its status as waitpid gives it."""
        try:
            while self.status is None:
                pid, status = posix.waitpid(self.pid, posix.WNOHANG)
                if not pid:
                    kill_group(self.pid)
                    status = posix.waitpid(self.pid, 0)[1]
                self.status = status
        except ChildProcessError:  # the caller ignores SIGCHLD, so the kernel has thrown the status away
            self.status = STATUS_LOST
        return self.status

    def _close(self, *fds: int) -> None:
        for fd in fds:
            posix.close(fd)
        self._fds.difference_update(fds)


def open_pipes(count: int) -> list[int]:
    """Read end, write end, read end, ... all close-on-exec.

    Descriptors are given out lowest first, so the write ends for the child's stdout and stderr are never 0, 1 or 2,
    even if the caller closed those, and no dup2 overwrites what a later one needs.
    """
    ends: list[int] = []
    try:
        for _ in range(count):
            ends += posix.pipe()
    except OSError:
        for end in ends:
            posix.close(end)
        raise
    return ends


def kill_group(pid: int) -> None:
    """The process, which has not been reaped, and all in the group it was started in."""
    try:
        posix.killpg(pid, SIGKILL)
    except ProcessLookupError:  # it left for another group
        posix.kill(pid, SIGKILL)


# Talking.


def write_some(fd: int, data: memoryview) -> memoryview:
    """What is left to write; nothing if the plugin closed its stdin, which it may: not all read it."""
    try:
        return data[posix.write(fd, data) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return data[:0]


def read_available(fd: int, kept: bytearray) -> bool:
    """Append all that can be read now; whether that was the end.

    One read only: who writes without end must not keep us from looking at the clock.
    """
    try:
        chunk = posix.read(fd, CHUNK)
    except BlockingIOError:
        return False
    kept += chunk
    return not chunk
