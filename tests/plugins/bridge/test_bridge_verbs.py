"""bridge: CHECK, DEL, GC, STATUS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import REFERENCE, Container, Host, check_versions, lease_files, with_prev_result

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"


@check_versions
@pytest.mark.parametrize("subnets", [(V4,), (V6,), (V4, V6)])
@pytest.mark.facts("plugins-main-ipam", 44)
def test_check_finds_what_add_made(
    host: Host, container: Container, network: Network, version: str, subnets: tuple[str, ...]
) -> None:
    conf = network(*subnets, version=version, isDefaultGateway=True)
    checked = with_prev_result(conf, host.cni("ADD", conf, container))
    assert host.cni("CHECK", checked, container) == {}
    host.cni("DEL", checked, container)
    assert host.call("CHECK", checked, container).code == 103


def test_check_of_a_network_without_addresses(host: Host, container: Container, network: Network) -> None:
    conf = network()
    checked = with_prev_result(conf, host.cni("ADD", conf, container))
    assert host.cni("CHECK", checked, container) == {}


def test_check_takes_another_path_to_the_same_namespace(host: Host, container: Container, network: Network) -> None:
    conf = network(V4)
    checked = with_prev_result(conf, host.cni("ADD", conf, container))
    container.sh(f"ln -s {container.path} {container.path}-too")
    assert host.cni("CHECK", checked, container, environ={"CNI_NETNS": f"{container.path}-too"}) == {}


def test_check_knows_an_address_alone_in_its_network(host: Host, container: Container, network: Network) -> None:
    conf = network(V4)
    result = host.cni("ADD", conf, container)
    container.sh("ip address add 10.9.9.9/32 dev eth0")
    result["ips"].append({"address": "10.9.9.9/32", "interface": 2})
    assert host.cni("CHECK", with_prev_result(conf, result), container) == {}


DRIFTS = {
    "address 10.1.2.2/24 is missing": "container: ip address delete 10.1.2.2/24 dev eth0",
    "route to the network of 10.1.2.2/24 is missing": "container: ip route delete 10.1.2.0/24",
    "route to 10.5.0.0/16 via 10.1.2.1 is missing": "container: ip route delete 10.5.0.0/16",
    "interface 'br0' has another MAC": "host: ip link set br0 address 02:00:00:00:00:99",
    "is no port of bridge 'br0'": "host: ip link set PORT nomaster",
    "has another promiscuous mode": "host: ip link set br0 promisc on",
    "interface 'eth0' has another MAC": "container: ip link set eth0 address 02:00:00:00:00:98",
    "interface 'eth0' is gone": "container: ip link delete eth0",
    "interface 'eth0' is down": "container: ip link set eth0 down",
    "bridge 'br0' is gone": "host: ip link delete br0",
}


@pytest.mark.facts("plugins-main-ipam", 61)
@pytest.mark.parametrize("message", DRIFTS)
def test_check_says_what_drifted(host: Host, container: Container, network: Network, message: str) -> None:
    conf = network(V4, isGateway=True)
    conf["ipam"]["routes"] = [{"dst": "10.5.0.0/16", "gw": "10.1.2.1"}]
    result = host.cni("ADD", conf, container)
    where, _, command = DRIFTS[message].partition(": ")
    {"host": host, "container": container}[where].sh(command.replace("PORT", result["interfaces"][1]["name"]))
    reply = host.call("CHECK", with_prev_result(conf, result), container)
    assert reply.code == 103
    assert message in reply.object["msg"]


def test_check_without_prev_result_is_an_error(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(V4), container)
    assert host.call("CHECK", network(V4), container).code == 7


# DEL.


@pytest.mark.parametrize("netns", ["", "/run/netns/gone", "/etc/passwd"])
def test_delete_needs_no_namespace(
    host: Host, container: Container, network: Network, leases: Path, netns: str
) -> None:
    conf = network(V4)
    host.cni("ADD", conf, container)
    for _ in range(3):
        host.cni("DEL", conf, container, environ={"CNI_NETNS": netns})
    assert (host.links(), container.links(), lease_files(leases)) == (["br0"], [], [])


def test_delete_leaves_alone_what_a_recycled_path_leads_to(host: Host, network: Network) -> None:
    conf = network(V4)
    gone, living = host.add_container(), host.add_container()
    host.cni("ADD", conf, gone)
    host.cni("ADD", conf, living)
    gone.remove()
    host.cni("DEL", conf, gone, environ={"CNI_NETNS": living.path})
    assert living.addresses("eth0") == ["10.1.2.3/24"]


def test_delete_takes_what_the_reference_made(host: Host, container: Container, network: Network, leases: Path) -> None:
    conf = network(V4, version="1.0.0")
    host.cni("ADD", conf, container, bin_dir=REFERENCE)
    assert container.has_link("eth0")
    host.cni("DEL", conf, container)
    assert (container.links(), host.links(), lease_files(leases)) == ([], ["br0"], [])


def test_an_add_killed_half_way_is_replaced_by_the_next(host: Host, network: Network, leases: Path) -> None:
    conf = network(V4)
    first = host.add_container()
    host.cni("ADD", conf, first)
    for lease in lease_files(leases):
        (leases / "mynet" / lease).unlink()
    again = host.add_container()  # the same attachment, restarted in another namespace, nobody called DEL
    host.cni("ADD", conf, again, environ={"CNI_CONTAINERID": first.id})
    assert len(host.links()) == 2
    assert first.links() == []


# GC and STATUS.


def test_garbage_collection_removes_what_is_not_listed(host: Host, network: Network, leases: Path) -> None:
    conf = network(V4)
    others = {**conf, "name": "other"}
    living, dead, vanished, foreign = (host.add_container() for _ in range(4))
    for each in (living, dead, vanished):
        host.cni("ADD", conf, each)
    host.cni("ADD", others, foreign)
    host.sh("ip link add unrelated type veth peer name unrelated2")
    vanished.remove()
    valid = {"cni.dev/valid-attachments": [{"containerID": living.id, "ifname": "eth0"}]}
    host.cni("GC", {**conf, **valid})
    assert living.has_link("eth0") and foreign.has_link("eth0")
    assert dead.links() == []
    assert lease_files(leases) == ["10.1.2.2"]
    assert lease_files(leases, "other") == ["10.1.2.2"]
    assert {"unrelated", "unrelated2", "br0"} < set(host.links()) and len(host.links()) == 5
    host.cni("GC", {**conf, **valid})
    host.cni("GC", conf)
    assert (living.links(), lease_files(leases)) == ([], [])


def test_garbage_collection_of_many_at_once(host: Host, network: Network, leases: Path) -> None:
    conf = network(V4)
    containers = [host.add_container() for _ in range(8)]
    for each in containers:
        host.cni("ADD", conf, each)
    host.cni("GC", conf)
    assert (host.links(), lease_files(leases)) == (["br0"], [])


def test_status_is_good_where_add_would_work(host: Host, network: Network) -> None:
    assert host.cni("STATUS", network(V4)) == {}


def test_status_says_when_no_address_is_left(host: Host, network: Network) -> None:
    conf = network("10.1.2.0/30")
    host.cni("ADD", conf, host.add_container())
    assert host.call("STATUS", conf).code == 50
