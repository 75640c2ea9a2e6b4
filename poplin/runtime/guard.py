"""Who ends a container should we be killed: a process that does nothing but wait for that.

A container is no child of ours, and may ignore what the engine's command tells it. It would go on without its network,
which GC takes away when nobody holds the namespace under the path on record. The guard has our end of a pipe closed by
the kernel, however we end, and leaves nobody in the namespace then.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import NoReturn

from poplin.runtime.occupants import evict

DISMISSED = b"."
# Seconds after which an engine, told to end with us, has started no container that it was just about to.
AFTERMATH = 1.0
PAUSE = 0.1


class Guard:
    """`with Guard(netns, [path]):` has it, of a namespace that we hold; should we be killed, the files go as well."""

    def __init__(self, netns: str, files: list[str]) -> None:
        """Raises OSError."""
        namespace = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
        wait_for_end, self._dismiss = os.pipe()
        try:
            self._pid = os.fork()
            if self._pid == 0:
                be_guard(wait_for_end, namespace, files)
        finally:
            os.close(wait_for_end)
            os.close(namespace)

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with suppress(BrokenPipeError):  # somebody killed it
            os.write(self._dismiss, DISMISSED)
        os.close(self._dismiss)
        os.waitpid(self._pid, 0)


# The child.


def be_guard(wait_for_end: int, namespace: int, files: list[str]) -> NoReturn:
    """Wait until we are dismissed, or our parent is no more."""
    try:
        # A signal that is meant for our parent, or comes from its terminal, must not end us before it.
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        os.setsid()
        keep_only(wait_for_end, namespace)
        if os.read(wait_for_end, 1) != DISMISSED:
            clear(f"/proc/self/fd/{namespace}", files)
    finally:
        os._exit(0)  # the parent's code must not go on here, whatever happens


def keep_only(*descriptors: int) -> None:
    """Close all others: whoever waits for the other end of one waits for our parent. The first three lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in {0, 1, 2}.difference(descriptors):  # which those are if our caller closed the first three
        os.dup2(nowhere, number)
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in descriptors:
            with suppress(OSError):  # that of the folder itself
                os.close(int(name))


def clear(netns: str, files: list[str]) -> None:
    """Kill whoever is in the namespace, and who comes yet; remove the files."""
    until = time.monotonic() + AFTERMATH
    while True:
        evict(netns, ())
        for path in files:
            with suppress(FileNotFoundError):
                os.unlink(path)
        if time.monotonic() > until:
            return
        time.sleep(PAUSE)
