"""dummy on a kernel in memory: the plan of each verb as `ip` lines, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from netlab import all_versions, lease_files
from plan_lab import Stage, host_local

from poplin.linux.wire.link import set_link
from poplin.plugins.dummy.plugin import PLUGIN

PLAN = """\
ip -n c1 link add eth0 type dummy
ip -n c1 link set dev eth0 alias mynet/c1/eth0
ip netns exec c1 sysctl -w net/ipv6/conf/eth0/keep_addr_on_down=1
ip -n c1 address add 10.1.2.2/24 dev eth0 broadcast 10.1.2.255
ip -n c1 address add 2001:db8::2/64 dev eth0 nodad
ip -n c1 link set dev eth0 up"""


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    return Stage(PLUGIN, bin_dir)


@pytest.fixture
def conf(leases: Path) -> dict[str, Any]:
    ipam = host_local(leases, "10.1.2.0/24", "2001:db8::/64")
    return {"cniVersion": "1.1.0", "name": "mynet", "type": "dummy", "ipam": ipam}


def test_the_plan_of_add_and_of_delete(stage: Stage, conf: dict[str, Any]) -> None:
    assert "\n".join(stage.perform("ADD", conf)) == PLAN
    assert stage.perform("DEL", conf) == ["ip -n c1 link delete dev eth0"]
    assert stage.perform("DEL", conf) == []


def test_dns_of_the_network_stands_over_ipams(stage: Stage, conf: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    conf["ipam"]["resolvConf"] = str(tmp_path / "resolv.conf")
    assert stage.result(conf)["dns"] == {"nameservers": ["192.0.2.53"]}
    stage.perform("DEL", conf)
    assert stage.result({**conf, "dns": {"domain": "our.test"}})["dns"] == {"domain": "our.test"}


@all_versions
@pytest.mark.facts("plugins-main-ipam", 128)
def test_without_ipam_it_is_refused_before_the_namespace_is_looked_at(stage: Stage, version: str) -> None:
    stage.environ["CNI_NETNS"] = "/gone"
    conf = {"cniVersion": version, "name": "mynet", "type": "dummy"}
    for ipam in ({}, {"ipam": {}}, {"ipam": {"type": ""}}):
        error = stage.refuse("ADD", conf | ipam)
        assert (error["code"], error["msg"]) == (7, "missing `ipam.type`")


@pytest.mark.parametrize("command", ["CHECK", "STATUS"])
def test_check_and_status_need_ipam_too(stage: Stage, command: str) -> None:
    assert stage.refuse(command, {"cniVersion": "1.1.0", "name": "mynet", "type": "dummy"})["code"] == 7


@pytest.mark.facts("plugins-main-ipam", 129)
def test_check_sees_a_link_that_is_down(stage: Stage, conf: dict[str, Any]) -> None:
    result = stage.result(conf)
    assert stage.perform("CHECK", conf | {"prevResult": result}) == []
    stage.container.rtnl.apply(set_link("eth0", up=False))
    error = stage.refuse("CHECK", conf | {"prevResult": result})
    assert (error["code"], error["msg"]) == (103, "interface 'eth0' is down")


def test_a_failure_after_ipam_leaves_nothing(stage: Stage, leases: Path, conf: dict[str, Any]) -> None:
    conf["ipam"]["routes"] = [{"dst": "10.5.0.0/16", "mtu": 1 << 32}]
    assert stage.refuse("ADD", conf)["code"] == 7
    assert (stage.links(), lease_files(leases)) == ([], [])


def test_what_is_unknown_is_refused_in_a_strict_network(stage: Stage, conf: dict[str, Any]) -> None:
    assert stage.refuse("ADD", {**conf, "strict": True, "mtu": 1400})["code"] == 2
