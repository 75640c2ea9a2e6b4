"""vlan on a kernel that has it: what ADD makes and the other verbs find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from netlab import Host, lease_files, result_ips, with_prev_result
from upper_lab import MASTER, V4, V6, VLAN, Ground, facts, ground

from poplin.spec.versions import KNOWN

__all__ = ["ground"]

OLD = ("0.1.0", "0.2.0")  # whose results have no interfaces
# Emulated processors are slow: every version on one side, and the newest on the other.
each_version = pytest.mark.parametrize(
    ("version", "side"), [*((version, "host") for version in KNOWN), (KNOWN[-1], "container")]
)


@pytest.fixture
def plugin() -> str:
    return "vlan"


@pytest.fixture
def side() -> str:
    return "host"


@each_version
@facts(99, 100)
def test_the_mtu_is_the_one_asked_for_or_the_master_s(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    for master, mtu, expected in ((1500, 1500, 1500), (1200, 0, 1200)):
        ground.wire.where.sh(f"ip link set {MASTER} mtu {master}")
        conf = ground.network(V4, version=version, vlanId=33, mtu=mtu)
        host.cni("ADD", conf, container)
        shown = ground.shown()
        assert (shown["mtu"], shown["linkinfo"]["info_kind"]) == (expected, "vlan")
        assert shown["linkinfo"]["info_data"]["id"] == 33
        host.cni("DEL", conf, container)
        assert ground.is_clean()


@each_version
@facts(101, 102)
def test_a_network_with_addresses(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    conf = ground.network(V4, version=version, vlanId=1234)
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.2/24"]
    shown = ground.shown()
    assert (shown["linkinfo"]["info_data"]["id"], shown["ifalias"]) == (1234, f"mynet/{container.id}/eth0")
    if version not in OLD:
        assert result["interfaces"] == [{"name": "eth0", "mac": shown["address"], "sandbox": container.path}]
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    else:
        assert host.call("CHECK", with_prev_result(conf, result), container).code == 1
    for _ in range(2):
        assert host.cni("DEL", conf, container) == {}
        assert ground.is_clean()


LOSSES: dict[str, Callable[[Ground], object]] = {
    "the master": lambda ground: ground.wire.where.sh(f"ip link delete {MASTER}"),
    "the namespace": lambda ground: ground.container.remove(),
}


@pytest.mark.parametrize("lost", [pytest.param(each, marks=facts(107) if "master" in each else ()) for each in LOSSES])
def test_del_whatever_is_gone_and_again(ground: Ground, lost: str) -> None:
    conf = ground.network(V4)
    result = ground.host.cni("ADD", conf, ground.container)
    LOSSES[lost](ground)
    if lost == "the master":
        reply = ground.host.call("CHECK", with_prev_result(conf, result), ground.container)
        assert (reply.code, reply.object["msg"]) == (103, f"the master '{MASTER}' is gone")
    for sent in (conf, {**conf, "mtu": 5, "vlanId": 5000}):
        assert ground.host.cni("DEL", sent, ground.container) == {}
    assert lease_files(ground.leases) == []


@facts(108)
def test_check_sees_another_vlan_and_another_mtu(ground: Ground, host: Host) -> None:
    conf = ground.network(V4, mtu=1400)
    result = host.cni("ADD", conf, ground.container)
    assert host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}
    other = with_prev_result({**conf, "vlanId": 101}, result)
    reply = host.call("CHECK", other, ground.container)
    assert (reply.code, reply.object["msg"], reply.object["details"]) == (
        103,
        "interface 'eth0' is in another VLAN",
        "100 instead of 101",
    )
    ground.container.sh("ip link set eth0 mtu 1300")
    reply = host.call("CHECK", with_prev_result(conf, result), ground.container)
    assert (reply.code, reply.object["msg"], reply.object["details"]) == (
        103,
        "interface 'eth0' has another mtu",
        "1300 instead of 1400",
    )


def test_frames_are_in_the_vlan_and_in_no_other(ground: Ground, host: Host) -> None:
    conf = ground.network(V4, V6, vlanId=VLAN)
    result = host.cni("ADD", conf, ground.container)
    assert ground.container.pings("10.1.2.1") and ground.container.pings("2001:db8::1")
    assert host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}
    host.cni("DEL", conf, ground.container)
    other = ground.network(V4, vlanId=VLAN + 1)
    host.cni("ADD", other, ground.container)
    assert ground.container.is_cut_off("10.1.2.1")


def test_a_vlan_belongs_to_one_container_until_it_is_gone(ground: Ground, host: Host) -> None:
    conf, other = ground.network(V4), host.add_container()
    host.cni("ADD", conf, ground.container)
    reply = host.call("ADD", conf, other)
    assert (reply.code, reply.object["msg"]) == (102, f"{MASTER} has a device for VLAN {VLAN} already")
    assert (other.links(), lease_files(ground.leases)) == ([], ["10.1.2.2"])
    assert ground.container.pings("10.1.2.1")
    host.cni("DEL", conf, ground.container)
    host.cni("ADD", conf, other)
    assert other.pings("10.1.2.1")


def test_a_master_that_is_down(ground: Ground, host: Host) -> None:
    host.sh(f"ip link set {MASTER} down")
    reply = host.call("ADD", ground.network(V4), ground.container)
    assert (reply.code, reply.object["msg"]) == (7, f"the master '{MASTER}' is down")
    host.sh(reply.object["details"].split("`")[1])
    host.cni("ADD", ground.network(V4), ground.container)
    assert ground.container.pings("10.1.2.1")


def test_a_failure_after_ipam_leaves_nothing(ground: Ground) -> None:
    conf = ground.network(V4)
    conf["ipam"]["routes"] = [{"dst": "10.5.0.0/16", "gw": "99.9.9.9"}]
    assert ground.host.call("ADD", conf, ground.container).code == 100
    assert ground.is_clean()
