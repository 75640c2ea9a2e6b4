"""vlan on a kernel in memory: the plan of each verb as `ip` lines, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netlab import lease_files
from plan_lab import MASTER, MASTER_MAC, Stage, host_local

from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import parse_mac, set_link
from poplin.plugins.vlan.plugin import PLUGIN

V4 = "10.1.2.0/24"
PLAN = """\
ip link add eth0 link up0 netns c1 mtu 1300 type vlan id 100
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112"""


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    return Stage(PLUGIN, bin_dir)


@pytest.fixture
def conf(leases: Path) -> dict[str, Any]:
    """VLAN 100 of up0."""
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "vlan", "master": "up0", "vlanId": 100}
    return {**conf, "ipam": host_local(leases, V4)}


def test_the_plan_of_add(stage: Stage, leases: Path, conf: dict[str, Any]) -> None:
    ipam = host_local(leases, V4, "2001:db8::/64", routes=[{"dst": "0.0.0.0/0"}])
    assert "\n".join(stage.perform("ADD", {**conf, "mtu": 1300, "ipam": ipam})) == PLAN
    made = stage.container.rtnl.get_link("eth0")
    assert (made.mac, made.mtu) == (MASTER_MAC, 1300)


def test_the_plan_inside_the_container_and_of_delete(stage: Stage, conf: dict[str, Any]) -> None:
    log = stage.perform("ADD", {**conf, "linkInContainer": True})
    assert log[0] == "ip -n c1 link add eth0 link up0 netns c1 type vlan id 100"
    assert stage.perform("DEL", conf) == ["ip -n c1 link delete dev eth0"]
    assert stage.perform("DEL", conf) == []


def test_the_mtu_is_the_master_s(stage: Stage, conf: dict[str, Any]) -> None:
    stage.perform("ADD", conf)
    assert stage.container.rtnl.get_link("eth0").mtu == 1400


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        pytest.param({"master": ""}, 7, "missing `master`", marks=facts(105)),
        pytest.param({"vlanId": -1}, 7, "invalid vlanId -1", marks=facts(106)),
        pytest.param({"vlanId": 4095}, 7, "invalid vlanId 4095", marks=facts(106)),
        pytest.param({"mtu": 1401}, 7, "invalid mtu 1401", marks=facts(103)),
        pytest.param({"mtu": -100}, 7, "invalid mtu -100", marks=facts(104)),
        ({"master": "gone0"}, 7, "there is no link 'gone0', the `master`"),
        ({"vlanId": "100"}, 6, "cannot decode `vlanId`"),
        ({"ipam": {}}, 7, "missing `ipam.type`"),
        ({"strict": True, "vlan": 5}, 2, "unknown key `vlan` in a strict configuration"),
    ],
)
def test_what_is_refused(
    stage: Stage, leases: Path, conf: dict[str, Any], fields: dict[str, Any], code: int, words: str
) -> None:
    error = stage.refuse("ADD", conf | fields)
    assert (error["code"], error["msg"]) == (code, words)
    assert (stage.links(), lease_files(leases)) == ([], [])


@pytest.mark.parametrize("vid", [0, 1, 4094])
def test_every_vlan_that_there_can_be(stage: Stage, conf: dict[str, Any], vid: int) -> None:
    assert stage.perform("ADD", {**conf, "vlanId": vid})[0].endswith(f"type vlan id {vid}")


def test_a_vlan_belongs_to_one_container(stage: Stage, leases: Path, conf: dict[str, Any]) -> None:
    stage.perform("ADD", conf)
    stage.environ["CNI_IFNAME"] = "net1"
    error = stage.refuse("ADD", conf)
    assert (error["code"], error["msg"]) == (102, "up0 has a device for VLAN 100 already")
    assert error["details"] == "a VLAN belongs to one container; use another `vlanId`"
    assert (stage.links(), lease_files(leases)) == (["eth0"], ["10.1.2.2"])
    for fields in ({"vlanId": 101}, {"linkInContainer": True}):
        stage.perform("ADD", conf | fields)
        stage.perform("DEL", conf)


def test_a_vlan_that_somebody_has_where_the_host_has_the_interface_s_name_too(
    stage: Stage, conf: dict[str, Any]
) -> None:
    stage.kernel.host.rtnl.apply(add_bridge("eth0", parse_mac("02:00:00:00:00:05")))
    log = stage.perform("ADD", conf)
    assert log[:2] == [
        "ip link add vetha529fbf5 link up0 netns c1 type vlan id 100",
        "ip -n c1 link set dev vetha529fbf5 name eth0 alias mynet/c1/eth0",
    ]
    stage.environ["CNI_IFNAME"] = "net1"
    assert stage.refuse("ADD", conf)["code"] == 102
    stage.kernel.host.rtnl.apply(add_bridge("net1", parse_mac("02:00:00:00:00:06")))
    assert stage.refuse("ADD", conf)["msg"] == "up0 has a device for VLAN 100 already"
    assert stage.links() == ["eth0"]


def test_a_master_that_is_down(stage: Stage, conf: dict[str, Any]) -> None:
    assert stage.perform("STATUS", conf) == []
    stage.kernel.host.rtnl.apply(set_link(MASTER, up=False))
    for command, code in (("ADD", 7), ("STATUS", 50)):
        error = stage.refuse(command, conf)
        assert (error["code"], error["msg"], error["details"]) == (
            code,
            "the master 'up0' is down",
            "run `ip link set dev up0 up`",
        )
    assert stage.links() == []


def test_check_sees_another_vlan_and_another_mtu(stage: Stage, conf: dict[str, Any]) -> None:
    result = stage.result(conf)
    assert stage.perform("CHECK", conf | {"prevResult": result}) == []
    for fields, details in (({"vlanId": 101}, "100 instead of 101"), ({"mtu": 1300}, "1400 instead of 1300")):
        error = stage.refuse("CHECK", {**conf, **fields, "prevResult": result})
        assert (error["code"], error["details"]) == (103, details)
