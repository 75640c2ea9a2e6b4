"""What a container of podman goes through: stop, start, restart, its own end, reloads; addresses it asked for."""

from __future__ import annotations

import time

import pytest
from engines.inside import Inside, peer, wait_until_serving
from engines.podman import Podman
from engines.rootfs import SHOWN
from netlab import PATIENCE, Container, Host
from traffic import call, is_silent

NAME = "made"
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
SUBNETS = ("--ipv6", "--subnet=10.50.0.0/24", "--subnet=fd50::/64")
PUBLISH, PUBLISH_TOO = ("--publish", "8080:80", "--publish", "8081:81"), ("--publish", "9081:81")
MAC = "0a:50:50:50:50:50"
# By a reload, with random names; and it asks for the MAC the container had, so that tuning keeps a backup.
MADE_ANEW = ("links", "queues", "files")
BACKUP = "/run/cni/tuning/{}_eth0.json"


@pytest.fixture
def witness(podman: Podman) -> Inside:
    """Another container on the network."""
    podman.create(NAME, "--disable-dns", *SUBNETS)
    return podman.inside(podman.start(*PUBLISH_TOO, network=NAME))


def is_reachable(podman: Podman, container: str, outside: Container, witness: Inside) -> bool:
    """By its port from beyond the host, and at its address from another container."""
    inside = podman.inside(container)
    wait_until_serving(inside)
    told = [call(outside, HOST, 8080), call(witness, podman.get_addresses(NAME, container)[0], 80)]
    return told == [container[:SHOWN]] * 2


def test_stop_and_start_and_restart(podman: Podman, outside: Container, witness: Inside) -> None:
    before = podman.state()
    server = podman.start(*PUBLISH, network=NAME)
    started = podman.state()
    podman("stop", "-t0", server)
    assert podman.changes(before) == {}
    assert is_silent(outside, HOST, 8080)
    podman("start", server)
    assert is_reachable(podman, server, outside, witness)
    podman("restart", "-t0", server)
    assert is_reachable(podman, server, outside, witness)
    restarted = podman.state()
    assert [len(each.links) for each in (started, restarted)] == [len(before.links) + 1] * 2
    assert [len(each.leases) for each in (started, restarted)] == [len(before.leases) + 2] * 2
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}


def test_container_that_ends_by_itself_is_cleaned_up_by_the_detached_process(
    podman: Podman, host: Host, outside: Container, witness: Inside
) -> None:
    before = podman.state()
    where = ["--network", NAME, f"--cgroup-parent=/{podman.cgroup}", *PUBLISH]
    ended = podman("run", "-d", *where, "--rootfs", str(podman.root), "/bin/sleep", "1").strip()
    deadline = time.monotonic() + PATIENCE
    while podman.changes(before):
        assert time.monotonic() < deadline, podman.changes(before)
        time.sleep(0.1)
    assert podman.inspect(ended, "{{.State.Status}}") == "exited"
    podman("rm", ended)
    assert podman.changes(before) == {}


def test_run_of_a_container_that_is_removed_when_it_ends(podman: Podman, outside: Container, witness: Inside) -> None:
    before = podman.state()
    where = ["--network", NAME, f"--cgroup-parent=/{podman.cgroup}", *PUBLISH]
    shown = podman(
        "run", "--rm", *where, "--rootfs", str(podman.root), "/bin/ip", "-o", "-4", "address", "show", "eth0"
    )
    assert "inet 10.50.0.3/24" in shown
    assert podman.changes(before) == {}


def test_address_and_mac_that_were_asked_for_are_kept_by_a_restart(
    podman: Podman, outside: Container, witness: Inside
) -> None:
    before = podman.state()
    asked = ("--ip", "10.50.0.77", "--ip6", "fd50::77", "--mac-address", MAC)
    server = podman.start(*asked, *PUBLISH, network=NAME)
    for again in (False, True):
        if again:
            podman("restart", "-t0", server)
        inside = podman.inside(server)
        assert (inside.addresses("eth0"), inside.mac("eth0")) == (["10.50.0.77/24", "fd50::77/64"], MAC)
        assert peer(witness, inside, podman.get_addresses(NAME, witness.id)[0]) == "10.50.0.77"
        assert is_reachable(podman, server, outside, witness)
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}


@pytest.mark.parametrize("flushed", [False, True], ids=["intact", "flushed"])
def test_reload_restores_what_was_flushed_and_keeps_the_address(
    podman: Podman, host: Host, outside: Container, witness: Inside, flushed: bool
) -> None:
    before = podman.state()
    server = podman.start("--ip", "10.50.0.77", *PUBLISH, network=NAME)
    started = podman.state()
    if flushed:
        host.sh("nft flush ruleset")
        assert is_silent(outside, HOST, 8080)
    podman("network", "reload", "--all")
    assert is_reachable(podman, server, outside, witness)
    assert peer(outside, podman.inside(server), OUTSIDE) == HOST
    assert peer(outside, witness, OUTSIDE) == HOST
    assert is_silent(outside, HOST, 9081)
    assert peer(witness, outside, HOST, 9081) == OUTSIDE
    assert podman.changes(started, MADE_ANEW) == {}
    assert len(host.links()) == len(started.links)
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before, MADE_ANEW) == {}
    assert (len(host.links()), podman.state().files) == (len(before.links), [BACKUP.format(witness.id)])
