"""A process in network and mount namespaces of its own, which waits to become a command.

The parent holds the network namespace by a descriptor, under a path that stays valid when the process has ended: so
what was attached can be detached from a namespace that is still alive.
"""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import struct
import sys
from collections.abc import Sequence
from typing import NoReturn

from poplin.runtime.foreground import (
    CANNOT_EXECUTE,
    as_shells_say,
    become,
    call,
    end_with_parent,
    libc,
    signals_held_back,
    wait_for,
)

# linux/sched.h
CLONE_NEWNET = 0x40000000
CLONE_NEWNS = 0x00020000

# sys/mount.h
MS_BIND = 4096
MS_NODEV = 4
MS_NOEXEC = 8
MS_NOSUID = 2
MS_REC = 16384
MS_SLAVE = 1 << 19

# linux/sockios.h, linux/if.h
SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1
IFREQ = struct.Struct("16sh14x")

RESOLV_CONF = "/etc/resolv.conf"


class Sandbox:
    """`with Sandbox() as sandbox:` has the process; leaving the block ends it if it never became a command."""

    def __init__(self) -> None:
        """Raises OSError."""
        ready, tell_ready = os.pipe()
        wait_for_go, self._go = os.pipe()
        with signals_held_back():
            self.pid = os.fork()
            if self.pid == 0:
                os.close(ready)
                os.close(self._go)
                be_child(tell_ready, wait_for_go)
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

    def run(self, command: Sequence[str], resolv_conf: str = "") -> int:
        """Become `command` and wait for its end, passing signals on; its exit status, 128 and more for a signal. What
        the file has is in /etc/resolv.conf for the command."""
        with signals_held_back():
            os.write(self._go, "\0".join([resolv_conf, *command]).encode(errors="surrogateescape"))
            self._close_go()
            self._status = wait_for(self.pid)
        return as_shells_say(os.waitstatus_to_exitcode(self._status))

    def close(self) -> None:
        """End the process if it still waits, and let go of the namespace."""
        self._close_go()
        if self._status is None:
            self._status = os.waitpid(self.pid, 0)[1]
        if self._namespace >= 0:
            os.close(self._namespace)
            self._namespace = -1

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
        end_with_parent(signal.SIGKILL)
        enter_namespaces(tell_ready)
        with open(wait_for_go, "rb") as go:
            resolv_conf, *command = go.read().decode(errors="surrogateescape").split("\0")
        status = become(command, lambda: show_own_files(resolv_conf)) if command else 0
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


def show_own_files(resolv_conf: str) -> None:
    """A /sys that has the links of the new namespace and, if there is one, its /etc/resolv.conf, seen by the command
    only.

    As `mount --make-rslave /`, `mount -t sysfs sysfs /sys` and `mount --bind FILE /etc/resolv.conf`.
    """
    call(libc.mount, b"none", b"/", None, MS_REC | MS_SLAVE, None)
    call(libc.mount, b"sysfs", b"/sys", b"sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)
    if not resolv_conf:
        return
    if os.path.exists(RESOLV_CONF):
        call(libc.mount, os.fsencode(resolv_conf), os.fsencode(RESOLV_CONF), None, MS_BIND, None)
        os.unlink(resolv_conf)  # the mount keeps it, and nobody would remove it if our parent is killed
    else:
        sys.stderr.write(f"poplin run: there is no {RESOLV_CONF} that could have the networks' name servers\n")
        sys.stderr.flush()
