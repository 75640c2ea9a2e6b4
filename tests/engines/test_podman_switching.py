"""Changing the plugins below podman while its containers run, to ours and back to the reference's."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines.leftovers import State
from engines.network import NETWORK
from engines.podman import Podman
from engines.rootfs import SHOWN
from netlab import REFERENCE, Container, Host
from reference import Reference, both_kinds
from traffic import call

PUBLISH, PUBLISH_TOO = ("--publish", "8080:80"), ("--publish", "9090:80")
NETWORK_WIDE = {"keep4", "keep6", "hairpin4", "hairpin6"}  # sets of what belongs to a network, as its bridge does
# Our index has what our plugins met since; tables that the reference's tools made stay when they are empty.
NOT_COMPARED = ("index", "objects")

both_versions = pytest.mark.parametrize("version", ["0.4.0", "1.0.0"])


def own_chains(state: State) -> list[str]:
    """The chains of iptables that the reference made for single containers."""
    return [rule for rule in state.rules if rule.startswith(":CNI-") and not rule.startswith(":CNI-HOSTPORT-")]


@both_kinds
@both_versions
def test_containers_of_the_reference_go_with_our_plugins(
    podman: Podman, host: Host, outside: Container, installed: Path, tmp_path: Path, version: str, kind: str
) -> None:
    podman.environ |= Reference(host, kind, tmp_path / "tools").environ
    podman.use(REFERENCE)
    podman.configure(version)
    witness = podman.start(*PUBLISH_TOO)
    before = podman.state()
    server = podman.start(*PUBLISH)
    assert len(own_chains(podman.state())) == 8  # each container's own for masquerade and ports, of both families
    podman.use(installed)
    assert call(outside, "192.0.2.1", 8080) == server[:SHOWN]
    podman("rm", "-f", "-t0", server)
    assert podman.changes(before, NOT_COMPARED) == {}
    assert call(outside, "192.0.2.1", 9090) == witness[:SHOWN]
    new = podman.start(*PUBLISH)
    assert call(outside, "192.0.2.1", 8080) == new[:SHOWN]
    podman("rm", "-f", "-t0", witness, new)
    after = podman.state()
    assert (after.leases, after.records, own_chains(after), after.elements.keys()) == ([], [], [], NETWORK_WIDE)
    assert after.links == ["cni7", "up0"]
    assert not any(container in rule for rule in after.rules for container in (witness, server, new))


@both_kinds
@both_versions
def test_our_containers_go_with_the_plugins_of_the_reference_and_one_collection(
    podman: Podman, host: Host, outside: Container, installed: Path, tmp_path: Path, version: str, kind: str
) -> None:
    podman.environ |= Reference(host, kind, tmp_path / "tools").environ
    podman.configure(version)
    witness = podman.start(*PUBLISH_TOO)
    before = podman.state()
    server = podman.start(*PUBLISH)
    podman.use(REFERENCE)
    assert call(outside, "192.0.2.1", 8080) == server[:SHOWN]
    assert podman.attempt("rm", "-f", "-t0", server).returncode == 0  # the reference misses its chains, and goes on
    left = podman.state()
    assert (left.links, left.leases) == (before.links, before.leases)
    podman.use(installed)
    assert podman.poplin("gc", NETWORK).startswith(f"{NETWORK}: removed {server} eth0 ")
    assert podman.changes(before, NOT_COMPARED) == {}
    assert call(outside, "192.0.2.1", 9090) == witness[:SHOWN]
    podman.use(REFERENCE)
    assert podman.attempt("rm", "-f", "-t0", witness).returncode == 0
    podman.use(installed)
    podman.poplin("gc", "--all", NETWORK)
    after = podman.state()
    assert (after.links, after.leases, after.rules, after.records) == (["cni7", "up0"], [], [], [])
    assert after.elements == {name: before.elements[name] for name in NETWORK_WIDE}
