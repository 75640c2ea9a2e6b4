"""Doing something in another security context of SELinux, as runcon(1) does, but without another program.

A process that changes its context may not change it back: one that has become a container's has the rights of a
container. So a child is forked for it, which does its one thing and ends. Where SELinux is not there nothing changes.
"""

from __future__ import annotations

import posix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

ENFORCE = "/sys/fs/selinux/enforce"  # is there wherever SELinux is, whether it enforces or not
CURRENT = "/proc/thread-self/attr/current"
REPORT = 4096  # bytes; an errno and a path


def is_enabled() -> bool:
    """Whether the kernel has SELinux, and it is on."""
    return posix.access(ENFORCE, posix.F_OK)


def run_as(context: str, function: Callable[..., object], *arguments: object) -> None:
    """Call the function in a child that has this context. Raises the OSError that it raises there, and one with the
    filename CURRENT for a context that the kernel refuses."""
    report, write_end = posix.pipe()
    child = posix.fork()
    if child == 0:
        run_and_leave(write_end, context, function, *arguments)
    posix.close(write_end)
    try:
        told = posix.read(report, REPORT).decode()
    finally:
        posix.close(report)
        _, status = posix.waitpid(child, 0)
    number, _, path = told.partition(" ")
    if told:
        raise OSError(int(number), posix.strerror(int(number)), *([path] if path else []))
    if status:
        raise OSError(0, f"the child for context {context} ended with status {status}", CURRENT)


def run_and_leave(report: int, context: str, function: Callable[..., object], *arguments: object) -> NoReturn:
    """What the child does: errno and path of an error go to its parent."""
    try:
        set_context(context)
        function(*arguments)
        posix._exit(0)
    except OSError as error:
        posix.write(report, f"{error.errno} {error.filename or ''}".encode())
    finally:
        posix._exit(1)


def set_context(context: str) -> None:
    """From now on this thread has it. Raises OSError."""
    try:
        fd = posix.open(CURRENT, posix.O_WRONLY | posix.O_CLOEXEC)
        posix.write(fd, context.encode())
        posix.close(fd)
    except OSError as error:
        raise OSError(error.errno, error.strerror, CURRENT) from None
