"""Who is in a network namespace: the processes of a container, however it was started.

A container's processes have mounts or process numbers of their own. Who has ours is no part of one: somebody who looks
in from the host, as with `nsenter --net`, and neither is waited for nor ended.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Container, Iterator
from contextlib import suppress

OWN = ("mnt", "pid")  # namespaces, one of which is a container's own
PPID = 1  # place in /proc/PID/stat behind the name


def find_occupants(netns: str) -> list[int]:
    """The processes of containers in the namespace at this path."""
    namespace = os.stat(netns)
    return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if is_inside(pid, namespace)]


def wait_for_departure(netns: str, but: Container[int]) -> None:
    """Until nobody is left in the namespace but these."""
    for process in occupants(netns, but):
        wait_for_end(process)


def evict(netns: str, but: Container[int], patience: float = 0) -> None:
    """End whoever is in the namespace but these, told to and after so many seconds killed; wait until they are gone."""
    if patience:
        ask_to_leave(netns, but, patience)
    for process in occupants(netns, but):
        send(process, signal.SIGKILL)
        wait_for_end(process)


def ask_to_leave(netns: str, but: Container[int], patience: float) -> None:
    """As engines do it, only the first process of each container is told; the others are its affair."""
    deadline = time.monotonic() + patience
    inside = [pid for pid in find_occupants(netns) if pid not in but]
    for process in descriptors(netns, [pid for pid in inside if find_parent(pid) not in inside]):
        send(process, signal.SIGTERM)
    for process in descriptors(netns, inside):
        wait_for_end(process, max(0, deadline - time.monotonic()))


def occupants(netns: str, but: Container[int]) -> Iterator[int]:
    """One after the other, as a descriptor of the process, until there is none."""
    while found := [pid for pid in find_occupants(netns) if pid not in but]:
        yield from descriptors(netns, found)


def descriptors(netns: str, pids: list[int]) -> Iterator[int]:
    """Of those that are still there."""
    namespace = os.stat(netns)
    for pid in pids:
        with suppress(ProcessLookupError):
            process = os.pidfd_open(pid)
            try:
                if is_inside(pid, namespace):  # looked at again: a number may be another process' by now
                    yield process
            finally:
                os.close(process)


def is_inside(pid: int, namespace: os.stat_result) -> bool:
    """Whether the process is a container's in this namespace; one that has ended is in none."""
    try:
        return os.path.samestat(os.stat(f"/proc/{pid}/ns/net"), namespace) and not all(
            os.path.samefile(f"/proc/{pid}/ns/{kind}", f"/proc/self/ns/{kind}") for kind in OWN
        )
    except OSError:
        return False


def find_parent(pid: int) -> int | None:
    """The number of its parent, None if it has ended."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[PPID])
    except OSError:
        return None


def send(process: int, number: signal.Signals) -> None:
    """Send it a signal, if it still runs."""
    with suppress(ProcessLookupError):
        signal.pidfd_send_signal(process, number)


def wait_for_end(process: int, seconds: float | None = None) -> None:
    """Of a process, by its descriptor, so many seconds at most."""
    poll = select.poll()
    poll.register(process, select.POLLIN)
    poll.poll(None if seconds is None else seconds * 1000)
