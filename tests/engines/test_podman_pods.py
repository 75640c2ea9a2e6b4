"""Pods of podman: several containers in one network namespace, which an infra container holds."""

from __future__ import annotations

import pytest
from engines.inside import Inside, peer, wait_until_serving
from engines.podman import IMAGE, Podman
from engines.rootfs import SERVER
from netlab import Container, Host
from traffic import call

NAME, POD = "made", "pod"
HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
PUBLISH = ("--publish", "8080:80", "--publish", "8081:81")
ADDRESS = "10.50.0.3"


@pytest.fixture
def witness(podman: Podman) -> Inside:
    """A container on the pod's network."""
    podman.import_image()
    podman.create(NAME, "--disable-dns", "--subnet=10.50.0.0/24")
    return podman.inside(podman.start("--publish", "9081:81", network=NAME))


def create_pod(podman: Podman) -> None:
    """A pod with two published ports."""
    infra = [f"--infra-image={IMAGE}", "--infra-command=/bin/sleep 1000"]
    podman("pod", "create", "--name", POD, "--network", NAME, f"--cgroup-parent=/{podman.cgroup}", *PUBLISH, *infra)


def add_to_pod(podman: Podman, *command: str) -> str:
    """The id of another container of the pod."""
    return podman("run", "-d", "--pod", POD, IMAGE, *command).strip()


def test_pod_has_one_address_for_all_its_containers(
    podman: Podman, host: Host, outside: Container, witness: Inside
) -> None:
    before = podman.state()
    create_pod(podman)
    server, other = add_to_pod(podman, *SERVER), add_to_pod(podman, "/bin/sleep", "1000")
    infra = podman.inspect(POD, "{{.InfraContainerID}}")
    inside = podman.inside(infra)
    wait_until_serving(inside)
    assert podman.get_addresses(NAME, infra) == [ADDRESS]
    assert [podman.find_entry(NAME, each) for each in (server, other)] == [None, None]
    assert call(outside, HOST, 8080) == call(witness, ADDRESS, 80) == POD
    assert podman("exec", other, "/bin/nc", "127.0.0.1", "80") == f"{POD}\n"
    assert peer(outside, inside, OUTSIDE) == HOST
    assert peer(inside, outside, HOST, 8081) == OUTSIDE
    podman("rm", "-f", "-t0", other)
    assert call(outside, HOST, 8080) == POD
    podman("pod", "rm", "-f", "-t0", POD)
    assert podman.changes(before) == {}


def test_pod_is_stopped_and_started_as_a_whole(podman: Podman, outside: Container, witness: Inside) -> None:
    before = podman.state()
    create_pod(podman)
    add_to_pod(podman, *SERVER)
    podman("pod", "stop", "-t0", POD)
    assert podman.changes(before) == {}
    podman("pod", "start", POD)
    inside = podman.inside(podman.inspect(POD, "{{.InfraContainerID}}"))
    wait_until_serving(inside)
    assert call(outside, HOST, 8080) == POD
    podman("pod", "rm", "-f", "-t0", POD)
    assert podman.changes(before) == {}
