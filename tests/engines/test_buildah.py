"""buildah on our plugins: each command of a build has a network of its own, and leaves nothing."""

from __future__ import annotations

import pytest
from engines.buildah import Buildah
from engines.inside import peer
from engines.network import FIREWALL, GATEWAYS, NETWORK, write_network
from engines.rootfs import ONCE
from netlab import Container, Host
from traffic import call

HOST, OUTSIDE = "192.0.2.1", "192.0.2.2"
FIRST, SECOND = "10.77.0.2", "10.77.0.3"

both_versions = pytest.mark.parametrize("version", ["0.4.0", "1.0.0"])


@both_versions
def test_command_of_a_build_has_a_network_while_it_runs(
    buildah: Buildah, host: Host, outside: Container, version: str
) -> None:
    write_network(buildah.networks, version, FIREWALL, {"type": "tuning"})
    assert f"inet {FIRST}/16" in buildah.step(NETWORK, "/bin/ip", "-o", "address", "show", "eth0")
    before = buildah.state()
    assert before.leases == before.index == before.records == before.mounts == []
    with buildah.attached(*buildah.command(NETWORK, *ONCE)) as inside:
        assert inside.path.startswith("/proc/")
        assert [entry.attachment.container_id for entry in buildah.runtime().cache.list_entries()] == [inside.id]
        assert peer(outside, inside, OUTSIDE) == HOST
        assert peer(inside, host, SECOND) == GATEWAYS[0]
        assert buildah.poplin("gc", NETWORK) == f"{NETWORK}: nothing to remove\n"
        assert call(host, SECOND, 80)
    assert buildah.changes(before) == {}


def test_two_builds_at_once_reach_each_other(buildah: Buildah, outside: Container) -> None:
    write_network(buildah.networks, "1.0.0", FIREWALL)
    buildah.step(NETWORK, "/bin/true")
    before = buildah.state()
    serve = buildah.command(NETWORK, *ONCE)
    with buildah.attached(*serve) as one, buildah.attached(*serve) as other:
        first, second = (each.addresses("eth0")[0].partition("/")[0] for each in (one, other))
        assert {first, second} == {SECOND, "10.77.0.4"}
        assert peer(other, one, second) == first
        assert call(other, first, 80)
        assert call(one, second, 80)
    assert buildah.changes(before) == {}
