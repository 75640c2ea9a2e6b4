"""ptp: CHECK, DEL, GC, STATUS."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, all_versions, lease_files, with_prev_result

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"

DRIFTS = {
    "address 10.1.2.2/24 is missing from eth0": "container: ip address delete 10.1.2.2/24 dev eth0",
    "route to the network of 10.1.2.2/24 is missing": "container: ip route delete 10.1.2.0/24",
    "route to the gateway 10.1.2.1 is missing": "container: ip route delete 10.1.2.1/32",
    "route to 0.0.0.0/0 is missing from the container": "container: ip route delete default",
    "interface 'eth0' has another MAC": "container: ip link set eth0 address 02:00:00:00:00:98",
    "interface 'eth0' is gone from the container": "container: ip link delete eth0",
    "interface 'eth0' is down": "container: ip link set eth0 down",
    "interface 'OUTER' has another MAC": "host: ip link set OUTER address 02:00:00:00:00:98",
    "interface 'OUTER' is down": "host: ip link set OUTER down",
    "the host's end of 'eth0' is 'other', which prevResult does not have": "host: ip link set OUTER name other",
    "address 10.1.2.1 is missing from OUTER": "host: ip address delete 10.1.2.1/32 dev OUTER",
    "route to 10.1.2.2 is missing from the host": "host: ip route delete 10.1.2.2/32",
    "address 10.1.2.2 is not masqueraded": "host: nft flush ruleset",
}


@pytest.mark.parametrize("message", DRIFTS)
def test_check_says_what_drifted(host: Host, container: Container, ptp: Network, message: str) -> None:
    conf = ptp(V4, routes=("0.0.0.0/0",), ipMasq=True)
    result = host.cni("ADD", conf, container)
    outer = result["interfaces"][0]["name"]
    where, _, command = DRIFTS[message].partition(": ")
    {"host": host, "container": container}[where].sh(command.replace("OUTER", outer))
    reply = host.call("CHECK", with_prev_result(conf, result), container)
    assert (reply.code, reply.object["msg"].startswith(message.replace("OUTER", outer))) == (103, True), reply.output


def test_check_finds_a_route_of_the_host_that_leads_elsewhere(host: Host, container: Container, ptp: Network) -> None:
    conf = ptp(V4, V6)
    result = host.cni("ADD", conf, container)
    host.sh("ip -6 route replace 2001:db8::2/128 dev lo")
    reply = host.call("CHECK", with_prev_result(conf, result), container)
    assert (reply.code, reply.object["msg"]) == (103, "route to 2001:db8::2 is missing from the host")


def test_check_without_prev_result_is_an_error(host: Host, container: Container, ptp: Network) -> None:
    host.cni("ADD", ptp(V4), container)
    assert host.call("CHECK", ptp(V4), container).code == 7


# DEL.


@all_versions
@pytest.mark.facts("plugins-main-ipam", 71)
def test_delete_of_nothing_succeeds(host: Host, container: Container, ptp: Network, version: str) -> None:
    host.cni("DEL", ptp(V4, version=version), container)
    assert (host.links(), container.links()) == ([], [])


@pytest.mark.facts("plugins-main-ipam", 74)
@pytest.mark.parametrize("netns", ["as it was", "", "/run/netns/gone", "/etc/passwd"])
def test_delete_twice_and_without_the_namespace(
    host: Host, container: Container, ptp: Network, leases: Path, netns: str
) -> None:
    conf = ptp(V4, V6, ipMasq=True)
    host.cni("ADD", conf, container)
    assert masqueraded(host) == ["10.1.2.2", "2001:db8::2"]
    for _ in range(2):
        host.cni("DEL", conf, container, environ={} if netns == "as it was" else {"CNI_NETNS": netns})
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])
    assert masqueraded(host) == []


@pytest.mark.facts("plugins-main-ipam", 74)
def test_delete_after_the_namespace_went(host: Host, container: Container, ptp: Network, leases: Path) -> None:
    conf = ptp(V4, V6, ipMasq=True)
    host.cni("ADD", conf, container)
    container.remove()
    for _ in range(2):
        host.cni("DEL", conf, container)
    assert (host.links(), lease_files(leases), masqueraded(host)) == ([], [], [])


def test_delete_knows_of_masquerade_that_the_network_has_given_up(
    host: Host, container: Container, ptp: Network
) -> None:
    host.cni("ADD", ptp(V4, ipMasq=True), container)
    host.cni("DEL", ptp(V4), container)
    assert masqueraded(host) == []


def test_delete_leaves_alone_what_a_recycled_path_leads_to(host: Host, ptp: Network) -> None:
    conf = ptp(V4)
    gone, living = host.add_container(), host.add_container()
    host.cni("ADD", conf, gone)
    host.cni("ADD", conf, living)
    gone.remove()
    host.cni("DEL", conf, gone, environ={"CNI_NETNS": living.path})
    assert living.pings("10.1.2.1")


def test_delete_without_ipam_takes_the_link_away_and_says_what_is_wrong(
    host: Host, container: Container, ptp: Network
) -> None:
    conf = ptp(V4)
    host.cni("ADD", conf, container)
    del conf["ipam"]
    reply = host.call("DEL", conf, container)
    assert (reply.code, reply.object["msg"]) == (7, "missing `ipam.type`")
    assert (host.links(), container.links()) == ([], [])


def masqueraded(host: Host) -> list[str]:
    """The addresses that are hidden behind the host."""
    if "table inet poplin" not in host.sh("nft list tables"):
        return []
    text = "".join(host.sh(f"nft list set inet poplin masq{version}") for version in (4, 6))
    return [address for address in ("10.1.2.2", "10.1.2.3", "10.1.2.4", "2001:db8::2") if f"{address} " in text]


# GC and STATUS.


def test_garbage_collection_removes_what_is_not_listed(host: Host, ptp: Network, leases: Path) -> None:
    conf = ptp(V4, ipMasq=True)
    others = {**ptp("10.7.0.0/24"), "name": "other"}
    living, dead, vanished, foreign = (host.add_container() for _ in range(4))
    for each in (living, dead, vanished):
        host.cni("ADD", conf, each)
    host.cni("ADD", others, foreign)
    host.sh("ip link add unrelated type veth peer name unrelated2")
    vanished.remove()
    assert masqueraded(host) == ["10.1.2.2", "10.1.2.3", "10.1.2.4"]
    valid = {"cni.dev/valid-attachments": [{"containerID": living.id, "ifname": "eth0"}]}
    host.cni("GC", {**conf, **valid})
    assert living.pings("10.1.2.1") and foreign.pings("10.7.0.1")
    assert dead.links() == []
    assert (lease_files(leases), lease_files(leases, "other")) == (["10.1.2.2"], ["10.7.0.2"])
    assert masqueraded(host) == ["10.1.2.2"]
    assert {"unrelated", "unrelated2"} < set(host.links()) and len(host.links()) == 4
    host.cni("GC", conf)
    assert (living.links(), lease_files(leases), masqueraded(host)) == ([], [], [])
    assert foreign.pings("10.7.0.1")


def test_status_is_ipams(host: Host, container: Container, ptp: Network) -> None:
    conf = ptp("10.1.2.0/30")
    assert host.cni("STATUS", conf) == {}
    host.cni("ADD", conf, container)
    assert host.call("STATUS", conf).code == 50
