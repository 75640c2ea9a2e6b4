"""Chains of bandwidth, tuning and sbr behind flannel, 32 at once: what the kernel has, and nothing of it afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, Reply, finish, lease_files

BURST = 32
HEAD = {"cniVersion": "1.1.0", "name": "mynet"}
SUBNET = "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.2.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n"
RATES = {"ingressRate": 8_000_000, "ingressBurst": 800_000, "egressRate": 8_000_000, "egressBurst": 800_000}


@pytest.fixture
def chain(tmp_path: Path, leases: Path) -> list[dict[str, Any]]:
    env = tmp_path / "subnet.env"
    env.write_text(SUBNET)
    delegate = {"bridge": "br0", "isDefaultGateway": True}
    flannel = {"type": "flannel", "subnetFile": str(env), "delegate": delegate, "ipam": {"dataDir": str(leases)}}
    tuning = {"type": "tuning", "mtu": 1400, "promisc": True, "sysctl": {"net.ipv4.conf.IFNAME.arp_filter": "1"}}
    plugins = [flannel, {"type": "bandwidth", **RATES}, tuning, {"type": "sbr"}]
    kept = {name: str(tmp_path / name) for name in ("flannel", "tuning")}
    own = {"flannel": {"dataDir": kept["flannel"]}, "tuning": {"dataDir": kept["tuning"]}}
    return [{**HEAD, **plugin, **own.get(str(plugin["type"]), {})} for plugin in plugins]


def all_at_once(
    host: Host, command: str, conf: dict[str, Any], containers: Sequence[Container], results: dict[str, Any]
) -> list[Reply]:
    """One process for each, all started before the first is fed; each is told the result that its container has."""
    confs = [{**conf, **({"prevResult": results[each.id]} if each.id in results else {})} for each in containers]
    started = [host.start(command, each, container) for each, container in zip(confs, containers, strict=True)]
    replies = [finish(process, each) for process, each in zip(started, confs, strict=True)]
    assert [reply for reply in replies if reply.status or reply.errors] == []
    return replies


def test_32_chains_at_once(host: Host, chain: list[dict[str, Any]], leases: Path, tmp_path: Path) -> None:
    containers = [host.add_container() for _ in range(BURST)]
    results: dict[str, Any] = {}
    for conf in chain:
        replies = all_at_once(host, "ADD", conf, containers, results)
        results = {each.id: reply.object for each, reply in zip(containers, replies, strict=True)}
    assert len({container.addresses("eth0")[0] for container in containers}) == BURST
    assert sum(name.startswith("bwp") for name in host.links()) == BURST
    for container in containers:
        assert container.json("link show dev eth0")[0]["mtu"] == 1400
        assert [rule["table"] for rule in container.json("rule show") if rule["src"] != "all"] == ["100"]
    assert len(list((tmp_path / "tuning").iterdir())) == BURST
    for conf in chain:
        all_at_once(host, "CHECK", conf, containers, results)
    for conf in reversed(chain):
        all_at_once(host, "DEL", conf, containers, results)
    assert ([link for link in host.links() if link != "br0"], lease_files(leases)) == ([], [])
    assert [container.links() for container in containers] == [[]] * BURST
    assert [file for name in ("flannel", "tuning") for file in (tmp_path / name).iterdir()] == []
