"""Many ADDs at once, then many DELs, of plugins whose devices are in the containers alone; addresses of files and of a
DHCP server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dhcp_lab import SERVER, Daemon, dnsmasq
from matrix_lab import Lan
from netlab import Container, Host, finish, lease_files, result_ips

BURST = 48


def all_at_once(
    host: Host, command: str, confs: list[dict[str, Any]], containers: list[Container]
) -> list[dict[str, Any]]:
    """One process for each container, all started before the first is fed; every one must succeed."""
    pairs = list(zip(confs, containers, strict=True))
    started = [host.start(command, conf, each) for conf, each in pairs]
    replies = [finish(process, conf) for process, conf in zip(started, confs, strict=True)]
    assert [reply for reply in replies if reply.status != 0] == []
    return [reply.object if reply.output else {} for reply in replies]


@pytest.fixture
def lan(host: Host, tmp_path: Path) -> Lan:
    return Lan(host, tmp_path)


@pytest.fixture
def daemon(lan: Lan, tmp_path: Path) -> Iterator[Daemon]:
    with dnsmasq(lan.server, tmp_path, "192.168.1.5", "192.168.1.250"):  # type: ignore[arg-type]
        made = Daemon(lan.host, tmp_path, "-timeout", "2s", "-resendtimeout", "100s")
        yield made
        made.stop()
        assert "Traceback" not in made.log, made.log


def assert_all_there(containers: list[Container], results: list[dict[str, Any]]) -> list[str]:
    """Each container has what its result says, and no two the same; the addresses without their lengths."""
    addresses = [result_ips(result) for result in results]
    assert [container.addresses("eth0") for container in containers] == addresses
    assert [container.mac("eth0") for container in containers] == [each["interfaces"][0]["mac"] for each in results]
    found = sorted(each.partition("/")[0] for [each] in addresses)
    assert len(set(found)) == len(containers)
    return found


def assert_all_gone(containers: list[Container]) -> None:
    """No container has a link."""
    assert [container for container in containers if container.links()] == []


@pytest.mark.parametrize("plugin", ["macvlan", "tap"])
def test_many_devices_at_once(lan: Lan, tmp_path: Path, plugin: str) -> None:
    conf = {**lan.prepare(plugin), "ipam": lan.make_ipam("host-local")}
    containers = [lan.host.add_container() for _ in range(BURST)]
    results = all_at_once(lan.host, "ADD", [conf] * BURST, containers)
    assert lease_files(tmp_path / "networks") == assert_all_there(containers, results)
    if plugin == "macvlan":
        assert containers[0].pings(SERVER) and containers[-1].pings(SERVER)
    all_at_once(lan.host, "DEL", [conf] * BURST, containers)
    assert_all_gone(containers)
    assert lease_files(tmp_path / "networks") == []


def test_many_leases_at_once(lan: Lan, daemon: Daemon, tmp_path: Path) -> None:
    conf = {**lan.prepare("macvlan"), "ipam": lan.make_ipam("dhcp")}
    containers = [lan.host.add_container() for _ in range(BURST)]
    results = all_at_once(lan.host, "ADD", [conf] * BURST, containers)
    found = assert_all_there(containers, results)
    assert sorted(lan.leased) == found
    assert len(daemon.files()) == BURST
    all_at_once(lan.host, "DEL", [conf] * BURST, containers)
    assert_all_gone(containers)
    assert daemon.files() == []
    lan.wait_for_leased([])


def test_many_cards_at_once(host: Host, leases: Path) -> None:
    names = [f"ens{number}" for number in range(BURST // 2)]
    for name in names:
        host.sh(f"ip link add {name} type veth peer name wire{name}")
    before = host.links()
    ipam = {"type": "host-local", "dataDir": str(leases), "subnet": "10.1.0.0/16"}
    conf = {"cniVersion": "1.0.0", "name": "mynet", "type": "host-device", "ipam": ipam}
    confs = [{**conf, "device": name} for name in names]
    containers = [host.add_container() for _ in names]
    results = all_at_once(host, "ADD", confs, containers)
    assert_all_there(containers, results)
    assert [name for name in host.links() if name in names] == []
    all_at_once(host, "DEL", confs, containers)
    assert_all_gone(containers)
    assert (host.links(), lease_files(leases)) == (before, [])
