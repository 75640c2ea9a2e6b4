"""macvlan on a kernel in memory: the plan of each verb as `ip` lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plan_lab import MASTER_MAC, Stage, host_local

from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import parse_mac
from poplin.linux.wire.move import rename_link
from poplin.plugins.macvlan.plugin import PLUGIN

PLAN = """\
ip link add eth0 link up0 netns c1 mtu 1300 address 02:00:00:00:00:01 type macvlan mode bridge bcqueuelen 50
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112"""
SHORT = """\
ip link add eth0 link up0 netns c1 type macvlan mode bridge
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1
ip -n c1 link set dev eth0 up"""


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    return Stage(PLUGIN, bin_dir)


def network(**fields: Any) -> dict[str, Any]:
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "macvlan", "master": "up0", **fields}


def test_the_plan_of_add(stage: Stage, leases: Path) -> None:
    ipam = host_local(leases, "10.1.2.0/24", "2001:db8::/64", routes=[{"dst": "0.0.0.0/0"}])
    conf = network(mtu=1300, mac="02:00:00:00:00:01", bcqueuelen=50, ipam=ipam)
    assert "\n".join(stage.perform("ADD", conf)) == PLAN


def test_the_plan_without_addresses(stage: Stage) -> None:
    assert "\n".join(stage.perform("ADD", network())) == SHORT


def test_the_plan_inside_the_container(stage: Stage) -> None:
    log = stage.perform("ADD", network(linkInContainer=True))
    assert log[0] == "ip -n c1 link add eth0 link up0 netns c1 type macvlan mode bridge"


def test_the_plan_of_the_default_route_s_link(stage: Stage) -> None:
    stage.lead_default_route()
    assert "\n".join(stage.perform("ADD", network(master=""))) == SHORT


def test_the_plan_of_passthru_with_a_mac(stage: Stage) -> None:
    log = stage.perform("ADD", network(mode="passthru", mac="02:00:00:00:00:01"))
    assert log[:3] == [
        "ip link add eth0 link up0 netns c1 address 02:00:00:00:00:01 type macvlan mode passthru",
        "ip -n c1 link set dev eth0 alias mynet/c1/eth0",
        "ip -n c1 link set dev eth0 address 02:00:00:00:00:01",
    ]
    assert stage.container.rtnl.get_link("eth0").mac == "02:00:00:00:00:01"


def test_passthru_has_the_master_s_mac_otherwise(stage: Stage) -> None:
    assert stage.result(network(mode="passthru"))["interfaces"][0]["mac"] == MASTER_MAC


def test_the_plan_where_the_host_has_an_interface_of_that_name(stage: Stage, leases: Path) -> None:
    """As for kernels that refuse it, so that a preview is right for any."""
    host = stage.kernel.host.rtnl
    host.apply(add_bridge("eth0", parse_mac("02:00:00:00:00:05"), mtu=1400))
    conf = network(master="eth0", ipam=host_local(leases, "10.1.2.0/24"))
    assert stage.perform("ADD", conf)[:3] == [
        "ip link add vetha529fbf5 link eth0 netns c1 type macvlan mode bridge",
        "ip -n c1 link set dev vetha529fbf5 name eth0 alias mynet/c1/eth0",
        "ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1",
    ]
    assert stage.links() == ["eth0"]
    assert stage.perform("DEL", conf) == ["ip -n c1 link delete dev eth0"]
    assert host.find_link("eth0") is not None


def test_a_device_that_never_got_its_own_name_is_taken_away(stage: Stage) -> None:
    stage.perform("ADD", network())
    inside = stage.container.rtnl
    inside.apply(rename_link(inside.get_link("eth0"), "vetha529fbf5", alias=""))  # as an ADD that was killed leaves it
    assert stage.perform("DEL", network()) == ["ip -n c1 link delete dev vetha529fbf5"]
    assert stage.links() == []


def test_the_plan_of_delete(stage: Stage, leases: Path) -> None:
    conf = network(ipam=host_local(leases, "10.1.2.0/24"))
    stage.perform("ADD", conf)
    assert stage.perform("DEL", conf) == ["ip -n c1 link delete dev eth0"]
    assert stage.perform("DEL", conf) == []


def test_check_in_memory(stage: Stage, leases: Path) -> None:
    conf = network(ipam=host_local(leases, "10.1.2.0/24"))
    result = stage.result(conf)
    assert stage.perform("CHECK", conf | {"prevResult": result}) == []
    error = stage.refuse("CHECK", conf | {"mode": "vepa", "prevResult": result})
    assert (error["code"], error["msg"]) == (103, "interface 'eth0' has another mode")
