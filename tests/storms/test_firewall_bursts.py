"""Many containers let through at once, beside firewalls of others, and taken back at once.

The bridge is not asked: what prevResult tells is made up, as here only the firewall counts.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from firewall_lab import RULE, Guarded, Iptables
from firewall_lab import guarded as guarded
from firewalld_lab import running_bus, running_firewalld
from netlab import Container, Reply, finish

BURST = 64
ROUNDS = 3
KINDS = ("nft", "legacy")


def conf(number: int, **fields: Any) -> dict[str, Any]:
    """What firewall is given for the container of this number."""
    interfaces = [{"name": "foo0"}, {"name": f"veth{number}"}, {"name": "eth0", "sandbox": "/run/netns/x"}]
    ips = [{"address": f"10.1.2.{number}/24", "interface": 2}, {"address": f"fd00::{number}/64", "interface": 2}]
    previous = {"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips, "dns": {}}
    return {"cniVersion": "1.1.0", "name": "foo", "type": "firewall", "prevResult": previous, **fields}


Calls = list[tuple[str, Container | None, dict[str, Any]]]


def all_at_once(guarded: Guarded, calls: Calls) -> list[Reply]:
    """One process for each, all started before the first is fed."""
    host, environ = guarded.host, guarded.environ
    started = [host.start(command, conf, container, environ=environ) for command, container, conf in calls]
    return [finish(process, conf) for process, (_, _, conf) in zip(started, calls, strict=True)]


def failures(replies: list[Reply]) -> list[Reply]:
    """Those that did not end well and without a word on stderr."""
    return [reply for reply in replies if reply.status or reply.errors]


def addresses(numbers: range) -> dict[str, list[str]]:
    """The elements that follow."""
    return {
        "allowed4": sorted(f"10.1.2.{number}" for number in numbers),
        "allowed6": sorted(f"fd00::{number}" for number in numbers),
    }


@pytest.fixture
def containers(guarded: Guarded) -> list[Container]:
    return [guarded.host.add_container() for _ in range(BURST)]


def present(guarded: Guarded) -> dict[str, list[str]]:
    """The elements, sorted as text."""
    return {name: sorted(each) for name, each in guarded.elements().items() if name.startswith("allowed")}


def test_64_at_once_beside_docker_of_both_kinds(guarded: Guarded, containers: list[Container]) -> None:
    tables = [Iptables(guarded.host, kind) for kind in KINDS]
    for each in tables:
        each.be_docker()
    numbers = range(1, BURST + 1)
    policy = {"ingressPolicy": "isolated"}
    confs = [conf(number, **policy) for number in numbers]
    assert failures(all_at_once(guarded, [("ADD", *pair) for pair in zip(containers, confs, strict=True)])) == []
    assert present(guarded) == addresses(numbers)
    assert len(guarded.elements()["guests"]) == len(guarded.ports()["isolated"]) == BURST
    rules = [each.chain("DOCKER-USER", version) for each in tables for version in (4, 6)]
    assert rules == [[RULE, "-j RETURN"]] * 4, "one for all, whoever was the first"
    checks = all_at_once(guarded, [("CHECK", *pair) for pair in zip(containers, confs, strict=True)])
    assert failures(checks) == []

    untold = [{key: value for key, value in each.items() if key != "prevResult"} for each in confs]
    mixed = [each if number % 2 else bare for number, (each, bare) in enumerate(zip(confs, untold, strict=True))]
    assert failures(all_at_once(guarded, [("DEL", *pair) for pair in zip(containers, mixed, strict=True)])) == []
    assert (present(guarded), guarded.ports()) == ({}, {})
    assert [each.ours(version) for each in tables for version in (4, 6)] == [[], [], [], []]


@pytest.mark.parametrize("kind", KINDS)
def test_the_rule_is_there_whenever_somebody_stays(guarded: Guarded, containers: list[Container], kind: str) -> None:
    """Half of them leave while the other half comes, so that the rule is taken away and brought back by many."""
    iptables = Iptables(guarded.host, kind)
    iptables.be_docker()
    half = BURST // 4
    leaving, coming = range(1, half + 1), range(half + 1, 2 * half + 1)
    for _ in range(ROUNDS):
        started: Calls = [("ADD", containers[number], conf(number)) for number in leaving]
        assert failures(all_at_once(guarded, started)) == []
        valid = {"cni.dev/valid-attachments": [{"containerID": containers[n].id, "ifname": "eth0"} for n in coming]}
        calls: Calls = []
        for gone, new in zip(leaving, coming, strict=True):
            calls.append(("DEL", containers[gone], conf(gone)))
            calls.append(("ADD", containers[new], conf(new)))
            calls += [("GC", None, {**conf(0), **valid})] * (gone % 4 == 0)
        assert failures(all_at_once(guarded, calls)) == []
        assert present(guarded) == addresses(coming)
        assert [len(iptables.ours(version)) for version in (4, 6)] == [1, 1]
        calls = [("DEL", containers[number], conf(number)) for number in coming]
        assert failures(all_at_once(guarded, calls)) == []
        assert [iptables.ours(version) for version in (4, 6)] == [[], []]


def test_64_at_once_with_firewalld(guarded: Guarded, containers: list[Container], tmp_path: Path) -> None:
    """Each hangs on the bus for its turn, which takes many of these at a time and not all."""
    numbers = range(1, BURST + 1)
    pairs = [(container, conf(number)) for container, number in zip(containers, numbers, strict=True)]
    with running_bus(tmp_path / "bus") as address:
        guarded.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        with running_firewalld(guarded.host, address, tmp_path / "etc") as firewalld:
            assert failures(all_at_once(guarded, [("ADD", *pair) for pair in pairs])) == []
            assert sorted(guarded.elements()["zoned4"]) == addresses(numbers)["allowed4"]
            for source in ("10.1.2.1/32", f"10.1.2.{BURST}/32", "fd00::1/128", f"fd00::{BURST}/128"):
                assert firewalld.has("trusted", source)
            assert failures(all_at_once(guarded, [("DEL", *pair) for pair in pairs])) == []
            assert guarded.elements() == {}
            for source in ("10.1.2.1/32", f"fd00::{BURST}/128"):
                assert not firewalld.has("trusted", source)
