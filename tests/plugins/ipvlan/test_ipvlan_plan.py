"""ipvlan on a kernel in memory: the plan of each verb as `ip` lines, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netlab import lease_files
from plan_lab import CONTAINER, MASTER_MAC, Stage, host_local

from poplin.plugins.ipvlan.plugin import PLUGIN

V4 = "10.1.2.0/24"
PLAN = """\
ip link add eth0 link up0 netns c1 mtu 1300 type ipvlan mode l3
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.1.2.1 dev eth0 proto 112"""
CHAINED = """\
ip link add eth0 link up0 netns c1 type ipvlan mode l2
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv4/conf/eth0/arp_notify=1
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/ndisc_notify=1
ip -n c1 address add 10.9.9.9/24 dev eth0 broadcast 10.9.9.255
ip -n c1 link set dev eth0 up
ip -n c1 route append default via 10.9.9.1 dev eth0 proto 112"""


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    return Stage(PLUGIN, bin_dir)


def network(**fields: Any) -> dict[str, Any]:
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "ipvlan", "master": "up0", **fields}


def chained(*interfaces: dict[str, str], version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
    """A network after a plugin that left these interfaces, and an address."""
    previous = {
        "cniVersion": version,
        "interfaces": list(interfaces),
        "ips": [{"address": "10.9.9.9/24", "gateway": "10.9.9.1"}],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dns": {"domain": "our.test"},
    }
    return network(cniVersion=version, master="", prevResult=previous, **fields)


def test_the_plan_of_add(stage: Stage, leases: Path) -> None:
    ipam = host_local(leases, V4, "2001:db8::/64", routes=[{"dst": "0.0.0.0/0"}])
    assert "\n".join(stage.perform("ADD", network(mode="l3", mtu=1300, ipam=ipam))) == PLAN
    assert stage.container.rtnl.get_link("eth0").mac == MASTER_MAC


def test_the_plan_of_add_after_another_plugin(stage: Stage) -> None:
    conf = chained({"name": "up0"})
    assert "\n".join(stage.perform("ADD", conf)) == CHAINED
    assert stage.perform("DEL", conf) == ["ip -n c1 link delete dev eth0"]
    result = stage.result(conf)
    assert result == {
        "cniVersion": "1.1.0",
        "interfaces": [{"name": "eth0", "mac": MASTER_MAC, "sandbox": CONTAINER}],
        "ips": [{"address": "10.9.9.9/24", "gateway": "10.9.9.1", "interface": 0}],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dns": {"domain": "our.test"},
    }
    assert stage.perform("CHECK", network(master="", prevResult=result)) == []


def test_dns_of_the_network_stands_over_that_of_the_chain(stage: Stage) -> None:
    assert stage.result(chained({"name": "up0"}, dns={"domain": "mine.test"}))["dns"] == {"domain": "mine.test"}


def test_a_chain_with_ipam_of_its_own_takes_only_the_master(stage: Stage, leases: Path) -> None:
    conf = chained({"name": "up0"}, ipam=host_local(leases, V4))
    result = stage.result(conf)
    assert [each["address"] for each in result["ips"]] == ["10.1.2.2/24"]
    assert "routes" not in result
    stage.perform("DEL", conf)
    assert lease_files(leases) == []


def test_a_master_that_is_named_stands_over_the_chain(stage: Stage) -> None:
    conf = {**chained({"name": "gone0"}, {"name": "gone1"}), "master": "up0"}
    assert stage.perform("ADD", conf)[0] == "ip link add eth0 link up0 netns c1 type ipvlan mode l2"


def test_a_chain_in_the_container(stage: Stage) -> None:
    conf = chained({"name": "up0", "sandbox": CONTAINER}, linkInContainer=True)
    assert stage.perform("ADD", conf)[0] == "ip -n c1 link add eth0 link up0 netns c1 type ipvlan mode l2"


@pytest.mark.parametrize(
    ("interfaces", "details"),
    [
        pytest.param([], "it has none; set `master`", marks=facts(96)),
        pytest.param(
            [{"name": "up0"}, {"name": "up1"}],
            "it has up0, up1; set `master`",
            marks=facts(96),
        ),
        ([{"name": ""}], "it has none; set `master`"),
    ],
)
@pytest.mark.parametrize("has_ipam", [False, True])
def test_a_chain_without_one_master(
    stage: Stage, leases: Path, interfaces: list[dict[str, str]], details: str, has_ipam: bool
) -> None:
    error = stage.refuse("ADD", chained(*interfaces, **({"ipam": host_local(leases, V4)} if has_ipam else {})))
    assert (error["code"], error["details"]) == (7, details)
    assert error["msg"] == "prevResult must have one interface, to be the `master`"
    assert (stage.links(), lease_files(leases)) == ([], [])


def test_a_chain_whose_interface_is_on_the_other_side(stage: Stage) -> None:
    error = stage.refuse("ADD", chained({"name": "up0", "sandbox": CONTAINER}))
    assert (error["code"], error["msg"]) == (7, "the interface 'up0' of prevResult is in the container")
    assert stage.links() == []


def test_nobody_gives_addresses(stage: Stage) -> None:
    for conf in (network(), network(prevResult={"cniVersion": "1.1.0", "interfaces": [{"name": "up0"}], "dns": {}})):
        error = stage.refuse("ADD", conf)
        assert (error["code"], error["msg"]) == (7, "missing `ipam.type`")
        assert stage.links() == []


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        pytest.param({"mode": "l4"}, 7, "unknown mode 'l4'", marks=facts(97)),
        ({"mode": "bridge"}, 7, "unknown mode 'bridge'"),
        ({"mtu": 1401}, 7, "invalid mtu 1401"),
        ({"mtu": -1}, 7, "invalid mtu -1"),
        ({"master": "gone0"}, 7, "there is no link 'gone0', the `master`"),
        ({"master": ""}, 7, "the host has no default route, whose link would be the `master`"),
        ({"ipam": {"type": "ipvlan"}}, 7, "`ipam.type` is 'ipvlan', the plugin itself"),
        ({"strict": True, "bcqueuelen": 5}, 2, "unknown key `bcqueuelen` in a strict configuration"),
    ],
)
def test_what_is_refused(stage: Stage, leases: Path, fields: dict[str, Any], code: int, words: str) -> None:
    error = stage.refuse("ADD", network(**{"ipam": host_local(leases, V4), **fields}))
    assert (error["code"], error["msg"]) == (code, words)
    assert (stage.links(), lease_files(leases)) == ([], [])


def test_status_knows_nothing_of_what_a_chain_will_bring(stage: Stage, leases: Path) -> None:
    assert stage.perform("STATUS", network(master="")) == []
    assert stage.perform("STATUS", network(linkInContainer=True, master="", ipam=host_local(leases, V4))) == []
    for conf in (network(master="gone0"), network(master="", ipam=host_local(leases, V4))):
        assert stage.refuse("STATUS", conf)["code"] == 50


@pytest.mark.parametrize("route", [{"dst": "10.5.0.0/16", "mtu": 1 << 32}])
def test_a_failure_after_ipam_leaves_nothing(stage: Stage, leases: Path, route: dict[str, Any]) -> None:
    assert stage.refuse("ADD", network(ipam=host_local(leases, V4, routes=[route])))["code"] == 7
    assert (stage.links(), lease_files(leases)) == ([], [])


def test_check_sees_another_mode(stage: Stage, leases: Path) -> None:
    conf = network(ipam=host_local(leases, V4))
    result = stage.result(conf)
    assert stage.perform("CHECK", conf | {"prevResult": result}) == []
    error = stage.refuse("CHECK", conf | {"mode": "l3", "prevResult": result})
    assert (error["code"], error["details"]) == (103, "l2 instead of l3")
