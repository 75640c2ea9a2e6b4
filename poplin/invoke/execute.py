"""Run a plugin: feed it its configuration, read its answer, kill it and all it started when it takes too long.

Spawned without fork, in a process group of its own. The descriptor of the process is polled along with the pipes, so
that a background process a plugin leaves behind, still holding its pipes, cannot make us wait, and so that a plugin
that closes its pipes and stays is still under the deadline.
"""

from __future__ import annotations

import errno
import posix
import select
import sys
import time

from poplin.spec.errors import CNIError, DecodingFailure, InvalidEnvironment, UnexplainedFailure, error_from_object
from poplin.spec.jsontext import loads_object

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SIGKILL = 9  # the signal module costs 3.5 ms and these numbers do not change
SIGPIPE = 13
SIGXFSZ = 25
IGNORED_BY_PYTHON = (SIGPIPE, SIGXFSZ)  # and what is ignored stays ignored in a child, unless reset

# A file still open for writing, as while plugins are being updated, is busy.
BUSY_TRIES = 6
BUSY_PAUSE = 1.0

CHUNK = 1 << 20  # what a pipe can hold (fs.pipe-max-size), so that one read takes all there is
STATUS_LOST = -1


def execute(
    path: str,
    stdin: bytes,
    environ: Mapping[str, str],
    timeout: float | None = None,
    *,
    busy_pause: float = BUSY_PAUSE,
) -> bytes:
    """stdout of a run that succeeds. Raises the CNIError the plugin printed, or UnexplainedFailure.

    What the plugin writes to stderr goes to ours, however it ends. `environ` is its whole environment.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with start_when_not_busy(path, environ, deadline, busy_pause) as process:
        in_time = process.converse(stdin, deadline)
        status = process.stop()
    output, errors = bytes(process.output), bytes(process.errors)
    forward(errors)
    if not in_time:
        raise UnexplainedFailure(
            f"plugin {path} did not finish within {timeout:g} s and was killed by signal {SIGKILL}", quote(errors)
        )
    if status != 0:
        raise explain_failure(path, describe_status(status), output, errors)
    return output


# Starting.


def start_when_not_busy(path: str, environ: Mapping[str, str], deadline: float | None, pause: float) -> Process:
    """A process for each try. Raises UnexplainedFailure naming the path and the reason."""
    for tries_left in range(BUSY_TRIES - 1, -1, -1):
        try:
            return Process(path, environ)
        except OSError as error:
            too_late = deadline is not None and time.monotonic() + pause > deadline
            if error.errno != errno.ETXTBSY or tries_left == 0 or too_late:
                raise UnexplainedFailure(f"cannot execute plugin {path}", error.strerror or str(error)) from None
        except ValueError as error:  # a NUL byte, or a name with `=`
            raise InvalidEnvironment(f"cannot pass the environment to plugin {path}", str(error)) from None
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


class Process:
    """One running plugin. Leaving the `with` block kills and reaps what still runs and closes all descriptors."""

    __slots__ = ("_fds", "_stderr", "_stdin", "_stdout", "_watch", "errors", "output", "pid", "status")

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
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
                [path],
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

    def converse(self, stdin: bytes, deadline: float | None) -> bool:
        """Feed and read until the process ends; False if the deadline came first."""
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


def forward(errors: bytes) -> None:
    """To our own stderr, where the plugin's would have gone without us."""
    try:
        sys.stderr.write(errors.decode(errors="replace"))
        sys.stderr.flush()
    except (AttributeError, OSError):  # our own stderr is closed, which must not fail what succeeded
        pass


# What a failure says.


def explain_failure(path: str, how: str, output: bytes, errors: bytes) -> CNIError:
    """The error the plugin printed; where it printed none, what else is known."""
    if not output.strip():
        if not errors.strip():
            return UnexplainedFailure(f"plugin {path} failed without an error message", how)
        return UnexplainedFailure(f"plugin {path} failed: {quote(errors)}", how)
    try:
        return error_from_object(loads_object(output, "the plugin's error"))
    except DecodingFailure as failure:
        said = f"; stderr: {quote(errors)}" if errors.strip() else ""
        return UnexplainedFailure(
            f"plugin {path} failed and its diagnostic message does not parse: {quote(output)}",
            f"{how}; {failure.details}{said}",
        )


def describe_status(status: int) -> str:
    """`exit status 3`, `killed by signal 9`."""
    if status == STATUS_LOST:
        return "exit status unknown, because this process ignores SIGCHLD"
    code = posix.waitstatus_to_exitcode(status)
    return f"exit status {code}" if code >= 0 else f"killed by signal {-code}"


def quote(text: bytes) -> str:
    """The text in one line, cut where it would drown the message."""
    words = " ".join(text.decode(errors="replace").split())
    return words if len(words) <= 1000 else words[:1000] + " ..."
