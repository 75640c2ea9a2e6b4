"""tuning on a kernel in memory: the plan of each verb as lines of a shell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from plan_lab import CONTAINER, Stage
from tuning_lab import made_by_others

from poplin.linux.wire.link import parse_mac
from poplin.linux.wire.veth import add_veth
from poplin.plugins.tuning.plugin import PLUGIN

MAC = "c2:11:22:33:44:55"


@pytest.fixture
def stage(bin_dir: Path) -> Stage:
    made = Stage(PLUGIN, bin_dir)
    made.kernel.host.rtnl.apply(add_veth("veth0", "eth0", made.container.fd, peer_mac=parse_mac("02:00:00:00:00:08")))
    return made


@pytest.fixture
def conf(tmp_path: Path) -> dict[str, Any]:
    result = made_by_others("1.1.0", CONTAINER, "02:00:00:00:00:08")
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "tuning", "dataDir": f"{tmp_path}/tuning"}
    return conf | {"prevResult": result}


def test_the_plan_of_add_and_of_delete(stage: Stage, conf: dict[str, Any], tmp_path: Path) -> None:
    attributes = {"mac": MAC, "promisc": True, "mtu": 1454, "allmulti": True, "txQLen": 7}
    switches = {"net.ipv4.conf.IFNAME.log_martians": "1", "net.ipv4.ip_local_port_range": "2048 65000"}
    path = f"{tmp_path}/tuning/c1_eth0.json"
    assert stage.perform("ADD", {**conf, **attributes, "sysctl": switches}) == [
        f"mkdir -p {tmp_path}/tuning",
        f"write {path}",
        "ip netns exec c1 sysctl -w net/ipv4/conf/eth0/log_martians=1",
        "ip netns exec c1 sysctl -w 'net/ipv4/ip_local_port_range=2048 65000'",
        f"ip -n c1 link set dev eth0 promisc on allmulticast on address {MAC} mtu 1454 txqueuelen 7",
    ]
    assert stage.perform("CHECK", {**conf, **attributes, "sysctl": switches}) == []
    assert stage.perform("DEL", conf) == [
        "ip -n c1 link set dev eth0 promisc off",
        "ip -n c1 link set dev eth0 allmulticast off",
        "ip -n c1 link set dev eth0 mtu 1500",
        "ip -n c1 link set dev eth0 txqueuelen 1000",
        "ip -n c1 link set dev eth0 address 02:00:00:00:00:08",
        "ip netns exec c1 sysctl -w net/ipv4/conf/eth0/log_martians=0",
        "ip netns exec c1 sysctl -w net/ipv4/ip_local_port_range=0",
        f"remove {path}",
    ]
    assert stage.perform("DEL", conf) == []


def test_without_anything_to_tune_nothing_is_looked_at(stage: Stage, conf: dict[str, Any]) -> None:
    stage.environ["CNI_NETNS"] = "/gone"
    assert stage.result({**conf, "mtu": 0, "promisc": False, "sysctl": {}}) == conf["prevResult"]
    assert stage.perform("CHECK", conf) == []
    assert stage.refuse("ADD", {**conf, "mtu": 1400})["code"] == 8


def test_a_result_that_tells_of_an_mtu_tells_of_the_new_one(stage: Stage, conf: dict[str, Any]) -> None:
    """Version 1.1.0 has a place for it; an older result that has it all the same is not left wrong either."""
    for version, given, told in (("1.1.0", 0, 1400), ("1.1.0", 1500, 1400), ("1.0.0", 1500, 1400), ("1.0.0", 0, None)):
        previous = made_by_others(version, CONTAINER, "02:00:00:00:00:08")
        if given:
            previous["interfaces"][1]["mtu"] = given
        result = stage.result({**conf, "cniVersion": version, "prevResult": previous, "mtu": 1400})
        assert result["interfaces"][1].get("mtu") == told


def test_del_reads_the_backup_in_any_order(stage: Stage, conf: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "tuning" / "c1_eth0.json"
    path.parent.mkdir()
    path.write_text('{"txQLen": 500, "allmulti": true, "mtu": 1300, "promisc": true, "mac": "02:00:00:00:00:55"}')
    assert stage.perform("DEL", conf) == [
        "ip -n c1 link set dev eth0 promisc on",
        "ip -n c1 link set dev eth0 allmulticast on",
        "ip -n c1 link set dev eth0 mtu 1300",
        "ip -n c1 link set dev eth0 txqueuelen 500",
        "ip -n c1 link set dev eth0 address 02:00:00:00:00:55",
        f"remove {path}",
    ]
