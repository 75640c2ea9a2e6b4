"""A command in the foreground: it has our terminal, and gets the signals that other processes send us."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

# What is not the command's: nobody can wait for two of them, a terminal's user stops us with the next three, and the
# others are the kernel's word about ourselves.
OURS = frozenset(
    {
        *(signal.SIGKILL, signal.SIGSTOP),
        *(signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU),
        *(signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP, signal.SIGSYS, signal.SIGXCPU),
    }
)
WAITED_FOR = frozenset(signal.valid_signals()) - OURS  # those of real time too
HANDLED_BY_US = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)
LOOK_AGAIN = 1.0  # seconds: the word that a child has ended is lost if it goes to a thread that holds nothing back
CANNOT_EXECUTE = 126  # as a shell says it
NOT_FOUND = 127

# linux/prctl.h
PR_SET_PDEATHSIG = 1

libc = ctypes.CDLL(None, use_errno=True)


def run_in_foreground(command: Sequence[str]) -> int:
    """Run it and wait for its end; its exit status, or a signal's number below zero. Should we be killed, it is told
    to end."""
    with signals_held_back():
        pid = os.fork()
        if pid == 0:
            status = CANNOT_EXECUTE
            try:
                end_with_parent(signal.SIGTERM)
                status = become(command)
            finally:
                os._exit(status)  # the parent's code must not go on here, whatever happens
        return os.waitstatus_to_exitcode(wait_for(pid))


@contextmanager
def signals_held_back() -> Iterator[None]:
    """None of them is lost before `wait_for` looks; what is forked here keeps them until it executes."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, WAITED_FOR)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def wait_for(pid: int) -> int:
    """The wait status of a child, forked and waited for with signals held back."""
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        info = signal.sigtimedwait(WAITED_FOR, LOOK_AGAIN)
        if info is None or info.si_signo == signal.SIGCHLD:
            continue
        if info.si_code <= 0:  # sent by a process; the terminal's own reached the command as it did us
            os.kill(pid, info.si_signo)


def as_shells_say(code: int) -> int:
    """An exit status as shells have it: 128 and more for a signal."""
    return code if code >= 0 else 128 - code


# The child.


def end_with_parent(number: signal.Signals) -> None:
    """Have the kernel send us this signal when our parent ends. Raises OSError."""
    call(libc.prctl, PR_SET_PDEATHSIG, number)


def become(command: Sequence[str], prepare: Callable[[], object] | None = None) -> int:
    """Execute the command, after some preparation; the exit status if that fails."""
    try:
        if prepare:
            prepare()
        for number in HANDLED_BY_US:
            if signal.getsignal(number) is not signal.SIG_IGN:  # by our caller, and for the command too
                signal.signal(number, signal.SIG_DFL)
        for number in IGNORED_BY_PYTHON:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        os.execvp(command[0], list(command))
    except OSError as error:
        sys.stderr.write(f"poplin run: cannot execute {command[0]!r}: {error.strerror}\n")
        sys.stderr.flush()
        return NOT_FOUND if isinstance(error, FileNotFoundError) else CANNOT_EXECUTE
    return CANNOT_EXECUTE


def call(function: Callable[..., int], *arguments: object) -> None:
    """Raises OSError with the C library's errno."""
    if function(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
