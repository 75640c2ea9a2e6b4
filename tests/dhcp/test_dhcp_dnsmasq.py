"""The plugin and its daemon with dnsmasq, as the reference's own tests have them."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import pytest
from dhcp_lab import Daemon, dnsmasq, plug, wait_until
from netlab import Container, Host, all_versions, check_versions, result_ips

IMPATIENT = ("-timeout", "200ms", "-resendmax", "800ms", "-resendtimeout", "1s")


def make_conf(daemon: Daemon, version: str = "1.1.0") -> dict:
    """A network whose addresses are dnsmasq's."""
    ipam = {"type": "dhcp", "daemonSocketPath": str(daemon.socket)}
    return {"cniVersion": version, "name": "mynet", "type": "macvlan", "ipam": ipam}


def requests(log: Path) -> set[str]:
    """The numbers of the exchanges in which an address was asked for: a repeated question has that of the first."""
    return set(re.findall(r"(\d+) DHCPREQUEST", log.read_text()))


def call(host: Host, command: str, conf: dict, container: Container, ifname: str = "eth0"):
    """The plugin alone, as an interface plugin calls it."""
    return host.call(command, conf, container, plugin="dhcp", environ={"CNI_IFNAME": ifname})


@all_versions
@pytest.mark.facts("plugins-main-ipam", 205)
def test_add_gets_the_first_address_and_del_gives_it_back(
    daemon: Daemon, network: Host, member: Container, tmp_path: Path, version: str
):
    conf = make_conf(daemon, version)
    with dnsmasq(network, tmp_path, "192.168.1.5", "192.168.1.9") as log:
        reply = call(network, "ADD", conf, member)
        assert result_ips(reply.object) == ["192.168.1.5/24"]
        assert call(network, "DEL", conf, member).status == 0
        wait_until(lambda: "DHCPRELEASE(br0) 192.168.1.5" in log.read_text(), "dnsmasq heard the release")
    assert daemon.files() == []


@all_versions
@pytest.mark.facts("plugins-main-ipam", 206)
def test_deletions_at_once_and_one_more_all_succeed(
    daemon: Daemon, network: Host, member: Container, tmp_path: Path, version: str
):
    conf = make_conf(daemon, version)
    with dnsmasq(network, tmp_path, "192.168.1.5", "192.168.1.9"):
        assert call(network, "ADD", conf, member).status == 0
        statuses: list[int] = []
        threads = [
            threading.Thread(target=lambda: statuses.append(call(network, "DEL", conf, member).status))
            for _ in range(3)
        ]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        assert statuses == [0, 0, 0]
        assert call(network, "DEL", conf, member).status == 0


@all_versions
@pytest.mark.facts("plugins-main-ipam", 207)
def test_of_a_pool_of_one_the_second_gets_nothing(
    daemon: Daemon, network: Host, member: Container, tmp_path: Path, version: str
):
    conf = make_conf(daemon, version)
    plug(network, member, "eth1")
    with dnsmasq(network, tmp_path, "192.168.1.5", "192.168.1.5"):
        assert result_ips(call(network, "ADD", conf, member).object) == ["192.168.1.5/24"]
        daemon.flags = IMPATIENT
        daemon.restart()
        refused = call(network, "ADD", conf, member, "eth1")
        assert refused.code == 101
        assert "no more tries" in refused.object["msg"]
        assert call(network, "DEL", conf, member, "eth1").status == 0
        assert call(network, "DEL", conf, member).status == 0


@pytest.mark.facts("plugins-main-ipam", 208)
def test_of_a_pool_of_two_both_get_one(daemon: Daemon, network: Host, member: Container, tmp_path: Path):
    conf = make_conf(daemon)
    plug(network, member, "eth1")
    with dnsmasq(network, tmp_path, "192.168.1.5", "192.168.1.6"):
        replies = [call(network, "ADD", conf, member, ifname) for ifname in ("eth0", "eth1")]
    assert [result_ips(reply.object) for reply in replies] == [["192.168.1.5/24"], ["192.168.1.6/24"]]


@check_versions
@pytest.mark.facts("plugins-main-ipam", 214)
def test_check_keeps_the_lease_and_del_after_a_restart_succeeds(
    daemon: Daemon, network: Host, member: Container, tmp_path: Path, version: str
):
    conf = make_conf(daemon, version)
    with dnsmasq(network, tmp_path, "192.168.1.5", "192.168.1.9") as log:
        result = call(network, "ADD", conf, member).object
        asked = requests(log)
        assert asked
        assert call(network, "CHECK", {**conf, "prevResult": result}, member).status == 0
        assert requests(log) == asked
        daemon.restart()
        assert call(network, "CHECK", {**conf, "prevResult": result}, member).status == 0
        assert requests(log) == asked
        assert call(network, "DEL", conf, member).status == 0
        wait_until(lambda: "DHCPRELEASE(br0) 192.168.1.5" in log.read_text(), "dnsmasq heard the release")
        assert call(network, "DEL", conf, member).status == 0


def test_classless_routes_of_dnsmasq_arrive(daemon: Daemon, network: Host, member: Container, tmp_path: Path):
    conf = make_conf(daemon)
    conf["ipam"]["request"] = [{"option": "121"}]
    routes = "--dhcp-option=121,10.0.0.0/8,192.168.1.3,0.0.0.0/0,192.168.1.1"
    with dnsmasq(network, tmp_path, "192.168.1.5", "192.168.1.9", routes):
        result = call(network, "ADD", conf, member).object
    assert result["routes"] == [{"dst": "10.0.0.0/8", "gw": "192.168.1.3"}, {"dst": "0.0.0.0/0", "gw": "192.168.1.1"}]
