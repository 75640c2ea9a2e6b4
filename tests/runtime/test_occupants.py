"""Who is in a network namespace."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from netlab import PATIENCE, Container, Host

from poplin.runtime.occupants import evict, find_occupants, wait_for_departure


def sleep_inside(container: Container, seconds: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
    """A container's process in the namespace, once it is there."""
    return started_inside(container, "unshare", "--mount", "sh", "-c", f"echo ready; exec sleep {seconds}")


@contextmanager
def started_inside(container: Container, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """Any process in the namespace, once it says that it is there; it ends with the block."""
    with subprocess.Popen(["nsenter", f"--net={container.path}", *command], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            process.kill()


def test_a_namespace_has_the_processes_that_entered_it(host: Host, container: Container) -> None:
    assert find_occupants(container.path) == []
    with (
        sleep_inside(container, "600") as one,
        sleep_inside(container, "600") as other,
        sleep_inside(host, "600") as far,
    ):
        assert find_occupants(container.path) == sorted([one.pid, other.pid])
        evict(container.path, {other.pid})
        assert find_occupants(container.path) == [other.pid]
        evict(container.path, ())
        assert (one.wait(PATIENCE), other.wait(PATIENCE), far.poll()) == (-9, -9, None)
    assert find_occupants(container.path) == []


def test_departure_is_that_of_all_but_those_who_may_stay(container: Container) -> None:
    with sleep_inside(container, "600") as stays, sleep_inside(container, "0.2") as goes:
        wait_for_departure(container.path, {stays.pid})
        assert (goes.wait(PATIENCE), stays.poll()) == (0, None)


def test_who_looks_in_from_the_host_is_no_occupant_and_stays(container: Container) -> None:
    with started_inside(container, "sh", "-c", "echo ready; exec sleep 600") as looks:
        assert find_occupants(container.path) == []
        wait_for_departure(container.path, ())
        evict(container.path, (), 600)
        assert looks.poll() is None


@pytest.mark.parametrize("unshare", [("--mount",), ("--pid", "--fork", "--kill-child")])
def test_a_container_is_one_by_its_mounts_or_its_process_numbers(
    container: Container, unshare: tuple[str, ...]
) -> None:
    with started_inside(container, "unshare", *unshare, "sh", "-c", "echo ready; exec sleep 600") as process:
        assert len(find_occupants(container.path)) == 1
        evict(container.path, ())
        assert process.wait(PATIENCE) != 0


def test_an_occupant_is_told_to_end_and_its_children_are_its_own_affair(container: Container) -> None:
    child = "trap 'echo child was told' TERM; while :; do sleep 0.05; done"
    script = f"trap 'echo told; kill -9 $!; exit 3' TERM; ({child}) & echo ready; wait"
    with started_inside(container, "unshare", "--mount", "sh", "-c", script) as process:
        evict(container.path, (), PATIENCE)
        assert process.stdout is not None
        assert (process.stdout.read(), process.wait(PATIENCE)) == (b"told\n", 3)


def test_an_occupant_that_does_not_listen_is_killed(container: Container) -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    with started_inside(container, "unshare", "--mount", "sh", "-c", script) as process:
        evict(container.path, (), 0.2)
        assert process.wait(PATIENCE) == -signal.SIGKILL
    assert find_occupants(container.path) == []
