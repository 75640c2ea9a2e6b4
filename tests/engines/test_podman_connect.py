"""Containers of podman on two networks, at once from the start and by `network connect` and `disconnect` later."""

from __future__ import annotations

import pytest
from engines.inside import Inside, peer
from engines.podman import Podman
from engines.rootfs import SHOWN
from netlab import Container, Host
from traffic import call

FRONT, BACK = "front", "back"
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
GATEWAY = "10.52.0.1"
PUBLISH, PUBLISH_TOO = ("--publish", "8080:80", "--publish", "8081:81"), ("--publish", "9081:81")
MAC = "0a:50:50:50:50:51"


@pytest.fixture
def fronts(podman: Podman) -> Inside:
    """A container on the first network, 10.51.0.0/24, alone."""
    podman.create(FRONT, "--disable-dns", "--subnet=10.51.0.0/24")
    podman.create(BACK, "--disable-dns", "--subnet=10.52.0.0/24")
    return podman.inside(podman.start(*PUBLISH_TOO, network=FRONT))


@pytest.fixture
def backs(podman: Podman, fronts: Inside) -> Inside:
    """A container on the second, 10.52.0.0/24, alone."""
    return podman.inside(podman.start("--publish", "9082:81", network=BACK))


def test_two_networks_from_the_start(podman: Podman, outside: Container, fronts: Inside, backs: Inside) -> None:
    before = podman.state()
    server = podman.start(*PUBLISH, network=f"{FRONT},{BACK}")
    inside = podman.inside(server)
    addresses = {
        podman.get_addresses(network, server, name)[0]: (network, name)
        for network in (FRONT, BACK)
        for name in inside.links()
        if podman.find_entry(network, server, name)
    }
    assert (inside.links(), sorted(addresses)) == (["eth0", "eth1"], ["10.51.0.3", "10.52.0.3"])
    assert [call(fronts, "10.51.0.3", 80), call(backs, "10.52.0.3", 80)] == [server[:SHOWN]] * 2
    assert [peer(fronts, inside, "10.51.0.2"), peer(backs, inside, "10.52.0.2")] == ["10.51.0.3", "10.52.0.3"]
    assert call(outside, HOST, 8080) == server[:SHOWN]
    assert peer(outside, inside, OUTSIDE) == HOST
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}


def test_connect_and_disconnect(podman: Podman, host: Host, outside: Container, fronts: Inside, backs: Inside) -> None:
    before = podman.state()
    server = podman.start(*PUBLISH, network=FRONT)
    started = podman.state()
    podman("network", "connect", "--alias=store", "--ip=10.52.0.77", f"--mac-address={MAC}", BACK, server)
    inside = podman.inside(server)
    assert (inside.addresses("eth1"), inside.mac("eth1")) == (["10.52.0.77/24"], MAC)
    assert call(backs, "10.52.0.77", 80) == server[:SHOWN]
    assert call(outside, HOST, 8080) == server[:SHOWN]
    podman("network", "disconnect", BACK, server)
    assert podman.changes(started) == {}
    assert inside.links() == ["eth0"]
    assert call(outside, HOST, 8080) == server[:SHOWN]
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}


def test_reload_gives_the_ports_of_a_network_that_went_to_the_one_that_stays(
    podman: Podman, host: Host, fronts: Inside, backs: Inside
) -> None:
    before = podman.state()
    server = podman.start(*PUBLISH, network=FRONT)
    podman("network", "connect", BACK, server)
    podman("network", "disconnect", FRONT, server)
    assert podman.inside(server).links() == ["eth1"]
    podman("network", "reload", server)
    address = podman.get_addresses(BACK, server, "eth1")[0]
    assert [call(backs, address, 80), call(backs, GATEWAY, 8080), call(host, "127.0.0.1", 8080)] == [server[:SHOWN]] * 3
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before) == {}


def test_networks_go_with_their_containers_and_bridges(podman: Podman, host: Host, outside: Container) -> None:
    podman.create(FRONT, "--disable-dns", "--subnet=10.51.0.0/24")
    server = podman.start(*PUBLISH, network=FRONT)
    refused = podman.attempt("network", "rm", FRONT)
    assert refused.returncode == 2
    podman("rm", "-f", "-t0", server)
    assert podman("network", "rm", FRONT) == f"{FRONT}\n"
    assert host.links() == ["up0"]
    after = podman.state()
    assert (after.leases, after.index, after.records, after.files, after.mounts, after.rules) == (
        [],
        [],
        [],
        [],
        [],
        [],
    )
