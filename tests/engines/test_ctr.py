"""`ctr run --cni`: it calls DEL without a namespace, of which the reference's plugins make a leak, and ours none."""

from __future__ import annotations

from pathlib import Path

import pytest
from engines.containerd import Containerd
from engines.inside import peer
from engines.network import FIREWALL, GATEWAYS, NETWORK, write_network
from engines.rootfs import ONCE
from netlab import REFERENCE, Container, Host
from reference import Reference, both_kinds
from traffic import call

HOST, OUTSIDE, OUTSIDE6 = "192.0.2.1", "192.0.2.2", "2001:db8:f::2"
FIRST, SECOND, THIRD = "10.77.0.2", "10.77.0.3", "10.77.0.4"
SHARED = ("objects", "rules")  # of the reference: tables and chains for all containers stay


@pytest.fixture
def ctr(containerd: Containerd) -> Containerd:
    """ctr, with a network that had a container already."""
    write_network(containerd.networks, "1.0.0", FIREWALL, {"type": "tuning"})
    containerd.start()
    return containerd


def serve(ctr: Containerd, name: str) -> list[str]:
    """A container that serves one caller."""
    return ctr.command(name, *ONCE)


def nat_rules(ctr: Containerd, kind: str, name: str) -> list[str]:
    """The lines for IPv4 that the reference writes for a container: its chain, what is in it, and what leads there."""
    saved = ctr.host.sh(f"iptables-{kind}-save -t nat").splitlines()
    chains = {line.split()[1] for line in saved if ctr.id_of(name) in line and not line.startswith("-A POSTROUTING")}
    return [line for line in saved if any(chain in line for chain in chains)]


def test_container_has_a_network_while_it_runs(ctr: Containerd, host: Host, outside: Container) -> None:
    assert ctr.run(*ctr.command("first", "/bin/true")).returncode == 0
    before = ctr.state()
    assert before.leases == before.index == before.records == before.files == []
    with ctr.attached(*serve(ctr, "one")) as one, ctr.attached(*serve(ctr, "two")) as two:
        assert (one.id, two.id) == (ctr.id_of("one"), ctr.id_of("two"))
        assert one.path.startswith("/proc/")
        assert [peer(outside, one, address) for address in (OUTSIDE, OUTSIDE6)] == [HOST, "2001:db8:f::1"]
        assert peer(two, one, THIRD) == SECOND
        assert peer(one, host, SECOND) == GATEWAYS[0]
        assert call(two, SECOND, 80)
        assert call(host, THIRD, 80)
    assert ctr.changes(before) == {}


@both_kinds
def test_reference_leaves_four_rules_where_we_leave_none_and_our_del_removes_those(
    ctr: Containerd, host: Host, installed: Path, tmp_path: Path, kind: str
) -> None:
    ctr.environ |= Reference(host, kind, tmp_path / "tools").environ
    run_once(ctr, "ours")
    before = ctr.state()
    ctr.use(REFERENCE)
    run_once(ctr, "theirs")
    assert len(nat_rules(ctr, kind, "theirs")) == 4
    ctr.use(installed)
    run_once(ctr, "ours")
    assert nat_rules(ctr, kind, "ours") == []
    assert len(nat_rules(ctr, kind, "theirs")) == 4
    ctr.poplin("del", NETWORK, "/proc/0/ns/net", "--container-id", ctr.id_of("theirs"))
    assert nat_rules(ctr, kind, "theirs") == []
    assert ctr.changes(before, SHARED) == {}


def run_once(ctr: Containerd, name: str) -> None:
    """A container that ends at once."""
    done = ctr.run(*ctr.command(name, "/bin/true"))
    assert done.returncode == 0, done


@both_kinds
def test_container_of_the_reference_ends_with_our_plugins(
    ctr: Containerd, host: Host, installed: Path, tmp_path: Path, kind: str
) -> None:
    ctr.environ |= Reference(host, kind, tmp_path / "tools").environ
    ctr.use(REFERENCE)
    with ctr.attached(*serve(ctr, "one")):
        assert len(nat_rules(ctr, kind, "one")) == 4
        ctr.use(installed)
        assert call(host, FIRST, 80)
    assert nat_rules(ctr, kind, "one") == []
    after = ctr.state()
    assert (after.links, after.leases, after.index, after.records) == (["cni7"], [], [], [])


def test_what_a_detached_container_leaves_is_collected(ctr: Containerd, host: Host) -> None:
    """Nobody calls DEL for it, with any plugins."""
    run_once(ctr, "one")
    before = ctr.state()
    line = ctr.command("one", "/bin/sleep", "1000")
    line.remove("--rm")
    assert ctr.run(*line[:4], "--detach", *line[4:]).returncode == 0
    assert ctr.poplin("gc") == "pop: nothing to remove\n"
    ctr("task", "delete", "--force", "one")
    ctr("container", "delete", "one")
    assert ctr.poplin("gc").startswith(f"pop: removed {ctr.id_of('one')} eth0 (")
    assert ctr.changes(before) == {}
