"""ipvlan on a kernel that has it: what ADD makes and the other verbs find."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from netlab import Host, lease_files, result_ips, with_prev_result
from upper_lab import MASTER, V4, V6, Conf, Ground, facts, ground

from poplin.spec.versions import KNOWN

__all__ = ["ground"]

OLD = ("0.1.0", "0.2.0")  # whose results have no interfaces
# Emulated processors are slow: every version on one side, and the newest on the other.
each_version = pytest.mark.parametrize(
    ("version", "side"), [*((version, "host") for version in KNOWN), (KNOWN[-1], "container")]
)


@pytest.fixture
def plugin() -> str:
    return "ipvlan"


@pytest.fixture
def side() -> str:
    return "host"


def mode_of(ground: Ground) -> str:
    return str(ground.shown()["linkinfo"]["info_data"]["mode"])


@each_version
@facts(91, 92)
def test_a_network_with_addresses(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    conf = ground.network(V4, version=version, mode="l2", mtu=1500)
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.2/24"]
    shown = ground.shown()
    assert (shown["linkinfo"]["info_kind"], mode_of(ground), shown["mtu"]) == ("ipvlan", "l2", 1500)
    assert shown["ifalias"] == f"mynet/{container.id}/eth0"
    if version not in OLD:
        assert result["interfaces"] == [{"name": "eth0", "mac": shown["address"], "sandbox": container.path}]
        assert shown["address"] == ground.wire.where.mac(MASTER)
    assert container.pings("10.1.2.1")
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    else:
        assert host.call("CHECK", with_prev_result(conf, result), container).code == 1
    host.cni("DEL", conf, container)
    assert ground.is_clean()


def previous(version: str) -> Conf:
    """What the plugin before left: a link, and an address."""
    given = {"cniVersion": version, "interfaces": [{"name": MASTER}]}
    address = {"address": "10.1.2.9/24", "gateway": "10.1.2.1", "version": "4"}
    if version in OLD:
        return {"cniVersion": version, "ip4": {"ip": "10.1.2.9/24", "gateway": "10.1.2.1"}}
    return {**given, "ips": [address if version < "1.0.0" else {**address, "version": None}]}


@each_version
@facts(93)
def test_after_a_plugin_that_brings_link_and_address(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    # a result so old has no interfaces, so the master has to be named
    conf = ground.network(version=version, master=MASTER if version in OLD else None, ipam=None)
    result = host.cni("ADD", conf | {"prevResult": previous(version)}, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.9/24"]
    if version not in OLD:
        assert [each["name"] for each in result["interfaces"]] == ["eth0"]
    assert container.pings("10.1.2.1")
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    host.cni("DEL", with_prev_result(conf, result), container)
    assert ground.is_clean()


@each_version
@facts(95)
def test_without_a_master_it_is_the_default_route_s_link(ground: Ground, version: str) -> None:
    ground.wire.lead_default_route()
    conf = ground.network(V4, version=version, master=None)
    ground.host.cni("ADD", conf, ground.container)
    assert ground.container.pings("10.1.2.1")
    ground.host.cni("DEL", conf, ground.container)
    assert ground.is_clean()


@facts(97)
def test_every_mode(ground: Ground) -> None:
    host, container = ground.host, ground.container
    result: Conf = {}
    for mode in ("l2", "l3", "l3s"):
        conf = ground.network(V4, mode=mode)
        if result:
            reply = host.call("CHECK", with_prev_result(conf, result), container)
            assert (reply.code, reply.object["details"][2:]) == (103, f" instead of {mode}")
            host.cni("DEL", conf, container)
        result = host.cni("ADD", conf, container)
        assert mode_of(ground) == mode
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    assert host.call("ADD", ground.network(V4, mode="l4"), container).object["msg"] == "unknown mode 'l4'"


LOSSES: dict[str, Callable[[Ground], object]] = {
    "the master": lambda ground: ground.wire.where.sh(f"ip link delete {MASTER}"),
    "the namespace": lambda ground: ground.container.remove(),
}


@pytest.mark.parametrize("lost", [pytest.param(each, marks=facts(98) if "master" in each else ()) for each in LOSSES])
def test_del_whatever_is_gone_and_again(ground: Ground, lost: str) -> None:
    conf = ground.network(V4)
    result = ground.host.cni("ADD", conf, ground.container)
    LOSSES[lost](ground)
    if lost == "the master":
        reply = ground.host.call("CHECK", with_prev_result(conf, result), ground.container)
        assert (reply.code, reply.object["msg"]) == (103, f"the master '{MASTER}' is gone")
    for sent in (conf, {**conf, "master": "", "mtu": 5, "mode": "x"}):
        assert ground.host.cni("DEL", sent, ground.container) == {}
    assert lease_files(ground.leases) == []


def test_both_versions_and_two_containers(ground: Ground, host: Host) -> None:
    conf = ground.network(V4, V6)
    other = host.add_container()
    first, _ = (host.cni("ADD", conf, each) for each in (ground.container, other))
    for here, there in ((ground.container, "3"), (other, "2")):
        assert here.pings("10.1.2.1") and here.pings("2001:db8::1")
        assert here.pings(f"10.1.2.{there}") and here.pings(f"2001:db8::{there}")
    assert host.cni("CHECK", with_prev_result(conf, first), ground.container) == {}
    assert ground.container.sysctl("net/ipv4/conf/eth0/arp_notify") == "1"
    assert ground.container.sysctl("net/ipv6/conf/eth0/ndisc_notify") == "1"


def test_a_failure_after_ipam_leaves_nothing(ground: Ground) -> None:
    conf = ground.network(V4)
    conf["ipam"]["routes"] = [{"dst": "10.5.0.0/16", "gw": "99.9.9.9"}]
    assert ground.host.call("ADD", conf, ground.container).code == 100
    assert ground.is_clean()
