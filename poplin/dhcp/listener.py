"""The socket where the daemon listens: systemd's, if that started us with one, or one of our own.

With socket activation (sd_listen_fds(3)) LISTEN_PID says for whom the descriptors are, and LISTEN_FDS how many.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import MutableMapping

from poplin.spec.errors import Conflict, IOFailure

FIRST_DESCRIPTOR = 3  # SD_LISTEN_FDS_START
OTHERS_NOTHING = 0o177  # umask for a socket of mode 0600
BACKLOG = 1024


class Listener:
    """A listening socket; `close` removes its file if this process made it."""

    def __init__(self, made: socket.socket, path: str = "") -> None:
        self.socket = made
        self._path = path
        self._made = identify(path) if path else None

    def close(self) -> None:
        """Listen no more."""
        self.socket.close()
        if self._path and identify(self._path) == self._made:
            os.unlink(self._path)


def open_listener(path: str, environ: MutableMapping[str, str]) -> Listener:
    """The one handed over, else one at `path`. Raises Conflict, IOFailure."""
    passed = take_passed(environ)
    if passed:
        return Listener(passed)
    try:
        return listen(path)
    except OSError as error:
        raise IOFailure(f"cannot listen at {path}", error.strerror or str(error)) from None


def take_passed(environ: MutableMapping[str, str]) -> socket.socket | None:
    """The socket handed over, if one is. Raises Conflict for several, IOFailure for what is no listening socket."""
    pid, count = environ.pop("LISTEN_PID", ""), environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if pid != str(os.getpid()) or not count.isdecimal() or int(count) == 0:
        return None
    if int(count) > 1:
        raise Conflict(
            f"{count} sockets were handed over, and one is wanted", "keep one ListenStream in the .socket unit"
        )
    try:
        passed = socket.socket(fileno=FIRST_DESCRIPTOR)
        is_fit = passed.family == socket.AF_UNIX and passed.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    except OSError:
        is_fit = False
    if not is_fit:
        raise IOFailure("what was handed over is no listening unix socket", f"descriptor {FIRST_DESCRIPTOR}")
    passed.set_inheritable(False)
    return passed


def listen(path: str) -> Listener:
    """A new socket, in place of one that nobody listens at any more. Raises OSError, Conflict."""
    if identify(path):
        remove_stale(path)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    usual = os.umask(OTHERS_NOTHING)
    try:
        made.bind(path)
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    finally:
        os.umask(usual)
    return Listener(made, path)


def remove_stale(path: str) -> None:
    """What a daemon that was killed has left. Raises Conflict if somebody listens there, or it is something else."""
    if not stat.S_ISSOCK(os.lstat(path).st_mode):
        raise Conflict(f"{path} is no socket", "remove it, or listen elsewhere with -socketpath")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
        caller.setblocking(False)  # one that is too busy to take us lives
        if caller.connect_ex(path) != errno.ECONNREFUSED:
            raise Conflict(f"a DHCP daemon listens at {path} already", "stop it, or listen elsewhere with -socketpath")
    os.unlink(path)


def identify(path: str) -> tuple[int, int] | None:
    """Which file it is, None for none."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino
