"""64 ADDs at once, then 64 DELs at once, and the kernel's own state beside the answers."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from card import Card, records
from netlab import REFERENCE, Container, Host, Reply, finish, lease_files

BURST = 64


@pytest.fixture
def conf(leases: Path) -> dict[str, Any]:
    ranges = [[{"subnet": "10.1.0.0/16"}], [{"subnet": "2001:db8::/64"}]]
    ipam = {"type": "host-local", "dataDir": str(leases), "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    return {
        "cniVersion": "1.0.0",
        "name": "mynet",
        "type": "bridge",
        "bridge": "br0",
        "isGateway": True,
        "ipam": ipam,
    }


def all_at_once(
    host: Host, command: str, conf: Mapping[str, object], containers: list[Container], folders: list[Path]
) -> list[Reply]:
    """One process for each container, all started before the first is fed; `folders` take turns."""
    started = [host.start(command, conf, each, bin_dir=folders[n % len(folders)]) for n, each in enumerate(containers)]
    return [finish(process, conf) for process in started]


def assert_kernel_agrees(host: Host, containers: list[Container], results: list[dict[str, Any]]) -> None:
    """Links, MACs, bridge ports and addresses are those of the results, and no others."""
    outside = {link["ifname"]: link for link in host.json("link show")}
    assert set(outside) == {"lo", "br0", *(result["interfaces"][1]["name"] for result in results)}
    for container, result in zip(containers, results, strict=True):
        _, outer, inner = result["interfaces"]
        assert outside[outer["name"]]["address"] == outer["mac"]
        assert outside[outer["name"]]["master"] == "br0"
        assert outside[outer["name"]]["operstate"] == "UP"
        assert container.mac("eth0") == inner["mac"]
        assert sorted(container.addresses("eth0")) == sorted(ip["address"] for ip in result["ips"])
        assert container.routes() == ["default via 10.1.0.1"]
    assert host.addresses("br0") == ["10.1.0.1/16", "2001:db8::1/64"]


def test_64_at_once(host: Host, conf: dict[str, Any], leases: Path) -> None:
    containers = [host.add_container() for _ in range(BURST)]
    replies = all_at_once(host, "ADD", conf, containers, [host.bin_dir])
    assert [reply for reply in replies if reply.status != 0] == []
    results = [reply.object for reply in replies]
    addresses = [ip["address"].partition("/")[0] for result in results for ip in result["ips"]]
    assert len(set(addresses)) == 2 * BURST
    assert_kernel_agrees(host, containers, results)
    assert lease_files(leases) == sorted(addresses)
    assert containers[0].pings("10.1.0.1") and containers[-1].pings("2001:db8::1")

    replies = all_at_once(host, "DEL", conf, containers, [host.bin_dir])
    assert [reply for reply in replies if reply.status != 0 or reply.output] == []
    assert host.links() == ["br0"]
    assert [container for container in containers if container.links()] == []
    assert lease_files(leases) == []


def test_64_links_of_their_own_at_once(host: Host, conf: dict[str, Any], leases: Path) -> None:
    network = {key: conf[key] for key in ("cniVersion", "name", "ipam")} | {"type": "ptp", "ipMasq": True}
    containers = [host.add_container() for _ in range(BURST)]
    replies = all_at_once(host, "ADD", network, containers, [host.bin_dir])
    assert [reply for reply in replies if reply.status != 0] == []
    ways = {
        ip["address"].partition("/")[0]: reply.object["interfaces"][0]["name"]
        for reply in replies
        for ip in reply.object["ips"]
    }
    assert len(ways) == 2 * BURST
    shown = host.json("-4 route show proto 112") + host.json("-6 route show proto 112")
    assert {route["dst"]: route["dev"] for route in shown} == ways
    assert containers[0].pings("10.1.0.65") and containers[-1].pings("2001:db8::2")

    replies = all_at_once(host, "DEL", network, containers, [host.bin_dir])
    assert [reply for reply in replies if reply.status != 0 or reply.output] == []
    assert (host.links(), lease_files(leases)) == ([], [])
    assert host.json("-4 route show") == []


def test_64_devices_on_one_link_at_once(host: Host, conf: dict[str, Any], leases: Path) -> None:
    machine = host.add_container()
    host.sh(f"ip link add up0 type veth peer name eth0 netns {machine.id}")
    for where, line in ((host, "set up0 up"), (machine, "set eth0 up")):
        where.sh(f"ip link {line}")
    machine.sh("ip address add 10.1.0.1/16 dev eth0")
    network = {key: conf[key] for key in ("cniVersion", "name", "ipam")} | {"type": "macvlan", "master": "up0"}
    network["ipam"]["ranges"].pop()  # with IPv6 each waits for duplicate address detection
    containers = [host.add_container() for _ in range(BURST)]
    replies = all_at_once(host, "ADD", network, containers, [host.bin_dir])
    assert [reply for reply in replies if reply.status != 0] == []
    macs = {container.mac("eth0"): container for container in containers}
    assert len(macs) == BURST
    for reply in replies:
        (interface,), (ip,) = reply.object["interfaces"], reply.object["ips"]
        assert macs[interface["mac"]].addresses("eth0") == [ip["address"]]
    assert containers[0].pings("10.1.0.1") and containers[-1].pings("10.1.0.1")

    replies = all_at_once(host, "DEL", network, containers, [host.bin_dir])
    assert [reply for reply in replies if reply.status != 0 or reply.output] == []
    assert [container for container in containers if container.links()] == []
    assert (host.links(), lease_files(leases)) == (["up0"], [])


def test_adds_and_deletes_mixed(host: Host, conf: dict[str, Any], leases: Path) -> None:
    leaving = [host.add_container() for _ in range(BURST // 2)]
    coming = [host.add_container() for _ in range(BURST // 2)]
    all_at_once(host, "ADD", conf, leaving, [host.bin_dir])
    started = [
        (host.start("DEL", conf, gone), host.start("ADD", conf, new)) for gone, new in zip(leaving, coming, strict=True)
    ]
    replies = [(finish(gone, conf), finish(new, conf)) for gone, new in started]
    assert [pair for pair in replies if pair[0].status or pair[1].status] == []
    results = [added.object for _, added in replies]
    assert_kernel_agrees(host, coming, results)
    assert len(lease_files(leases)) == BURST


def test_ours_and_the_references_share_one_lease_folder(host: Host, conf: dict[str, Any], leases: Path) -> None:
    conf["ipam"]["ranges"] = [[{"subnet": "10.1.0.0/16"}]]
    containers = [host.add_container() for _ in range(BURST // 2)]
    host.cni("ADD", conf, containers[0])  # makes the bridge, which the reference races for with itself
    replies = all_at_once(host, "ADD", conf, containers[1:], [host.bin_dir, REFERENCE])
    assert [reply for reply in replies if reply.status != 0] == []
    addresses = [reply.object["ips"][0]["address"] for reply in replies]
    assert len(set(addresses)) == len(containers) - 1
    replies = all_at_once(host, "DEL", conf, containers, [REFERENCE, host.bin_dir])
    assert [reply for reply in replies if reply.status != 0] == []
    assert (host.links(), lease_files(leases)) == (["br0"], [])


def test_one_device_goes_to_one_of_all_who_ask_for_it(host: Host) -> None:
    card = Card(host)
    conf = {"cniVersion": "1.0.0", "name": "mynet", "type": "host-device", "device": card.name}
    containers = [host.add_container() for _ in range(BURST // 4)]
    for _ in range(2):
        replies = all_at_once(host, "ADD", conf, containers, [host.bin_dir])
        (winner,) = [each for each, reply in zip(containers, replies, strict=True) if reply.status == 0]
        assert [each.links() for each in containers if each is not winner] == [[]] * (len(containers) - 1)
        assert (winner.mac("eth0"), host.links()) == (card.mac, ["wire"])
        assert records() == [f"mynet/{winner.id}:eth0"]
        assert {reply.code for reply in replies if reply.status} <= {7, 100}, "not there, or not any more"

        replies = all_at_once(host, "DEL", conf, containers * 2, [host.bin_dir])
        assert [reply for reply in replies if reply.status != 0 or reply.output] == []
        assert (card.is_as_before, records()) == (True, [])
