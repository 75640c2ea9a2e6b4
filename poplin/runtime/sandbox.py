"""A process in network and mount namespaces of its own, which waits to become a command.

The parent holds the network namespace by a descriptor, under a path that stays valid when the process has ended: so
what was attached can be detached from a namespace that is still alive.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

# linux/sched.h
CLONE_NEWNET = 0x40000000
CLONE_NEWNS = 0x00020000

# sys/mount.h
MS_NODEV = 4
MS_NOEXEC = 8
MS_NOSUID = 2
MS_REC = 16384
MS_SLAVE = 1 << 19

# linux/prctl.h
PR_SET_PDEATHSIG = 1

# linux/sockios.h, linux/if.h
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
IFREQ = struct.Struct("16sh14x")

WAITED_FOR = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
HANDLED_BY_US = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
CANNOT_EXECUTE = 126  # as a shell says it
NOT_FOUND = 127

libc = ctypes.CDLL(None, use_errno=True)


class Sandbox:
    """`with Sandbox() as sandbox:` has the process; leaving the block ends it if it never became a command."""

    def __init__(self) -> None:
        """Raises OSError."""
        ready, tell_ready = os.pipe()
        wait_for_go, self._go = os.pipe()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)  # the child keeps them blocked until it executes
        self.pid = os.fork()
        if self.pid == 0:
            os.close(ready)
            os.close(self._go)
            be_child(tell_ready, wait_for_go)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(tell_ready)
        os.close(wait_for_go)
        self._status: int | None = None
        self._namespace = -1
        with open(ready, "rb") as answer:
            refusal = answer.read()
        if refusal:
            self.close()
            code = int(refusal)
            raise OSError(code, f"cannot make namespaces for the command: {os.strerror(code)}")
        self._namespace = os.open(f"/proc/{self.pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self.close()

    @property
    def netns(self) -> str:
        """The path of its network namespace, valid as long as we hold it."""
        return f"/proc/{os.getpid()}/fd/{self._namespace}"

    def run(self, command: Sequence[str]) -> int:
        """Become `command` and wait for its end, passing signals on; its exit status, 128 and more for a signal."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
        try:
            os.write(self._go, "\0".join(command).encode(errors="surrogateescape"))
            self._close_go()
            while self._status is None:
                self._pass_on(signal.sigwaitinfo(WAITED_FOR))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        code = os.waitstatus_to_exitcode(self._status)
        return code if code >= 0 else 128 - code

    def close(self) -> None:
        """End the process if it still waits, and let go of the namespace."""
        self._close_go()
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        if self._namespace >= 0:
            os.close(self._namespace)
            self._namespace = -1

    def _pass_on(self, info: signal.struct_siginfo) -> None:
        if info.si_signo == signal.SIGCHLD:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = status
        elif info.si_code <= 0:  # sent by a process; the terminal's own reached the command as it did us
            os.kill(self.pid, info.si_signo)

    def _close_go(self) -> None:
        if self._go >= 0:
            os.close(self._go)
            self._go = -1


# The child.


def be_child(tell_ready: int, wait_for_go: int) -> NoReturn:
    """Enter new namespaces, say so, wait for a command and become it. End of file instead of one: not needed.

    Should the parent be killed, so is the command: nobody else knows that its attachments are in use, and GC would take
    them away below it.
    """
    status = CANNOT_EXECUTE
    try:
        call(libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL)
        enter_namespaces(tell_ready)
        with open(wait_for_go, "rb") as go:
            command = go.read().decode(errors="surrogateescape")
        status = become(command.split("\0")) if command else 0
    finally:
        os._exit(status)  # the parent's code must not go on here, whatever happens


def enter_namespaces(tell_ready: int) -> None:
    """Raises OSError, after telling the parent its number; closing the pipe without a word says that all is well."""
    try:
        call(libc.unshare, CLONE_NEWNET | CLONE_NEWNS)
        set_loopback_up()
    except OSError as error:
        os.write(tell_ready, str(error.errno).encode())
        raise
    finally:
        os.close(tell_ready)


def set_loopback_up() -> None:
    """As `ip link set lo up`."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as control:
        _, flags = IFREQ.unpack(fcntl.ioctl(control, SIOCGIFFLAGS, IFREQ.pack(b"lo", 0)))
        fcntl.ioctl(control, SIOCSIFFLAGS, IFREQ.pack(b"lo", flags | IFF_UP))


def become(command: list[str]) -> int:
    """Execute the command; the exit status if that fails."""
    try:
        show_own_links()
        for number in HANDLED_BY_US:
            if signal.getsignal(number) is not signal.SIG_IGN:  # by our caller, and for the command too
                signal.signal(number, signal.SIG_DFL)
        for number in IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write(f"poplin run: cannot execute {command[0]!r}: {error.strerror}\n")
        sys.stderr.flush()
        return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_EXECUTE
    return CANNOT_EXECUTE


def show_own_links() -> None:
    """A /sys that has the links of the new namespace, seen by the command only.

    As `mount --make-rslave /` and `mount -t sysfs sysfs /sys`.
    """
    call(libc.mount, b"none", b"/", None, MS_REC | MS_SLAVE, None)
    call(libc.mount, b"sysfs", b"/sys", b"sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)


def call(function: Callable[..., int], *arguments: object) -> None:
    """Raises OSError with the C library's errno."""
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
