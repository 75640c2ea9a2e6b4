"""macvlan: what ADD makes, and that DEL takes it away again."""

from __future__ import annotations

from pathlib import Path

import pytest
from netlab import Container, Host, all_versions, lease_files, result_ips, with_prev_result
from upper_lab import MASTER, V4, V6, Ground, everywhere, facts

OLD = ("0.1.0", "0.2.0")  # whose results have no interfaces
MAC = "c2:11:22:33:44:55"


@everywhere
@all_versions
@facts(76, 77)
def test_a_network_with_addresses(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    conf = ground.network(V4, version=version, mtu=1500)
    result = host.cni("ADD", conf, container)
    assert result_ips(result) == container.addresses("eth0") == ["10.1.2.2/24"]
    shown = ground.shown()
    assert (shown["linkinfo"]["info_kind"], shown["linkinfo"]["info_data"]["mode"]) == ("macvlan", "bridge")
    assert (shown["mtu"], shown["ifalias"]) == (1500, f"mynet/{container.id}/eth0")
    if version not in OLD:
        assert result["interfaces"] == [{"name": "eth0", "mac": shown["address"], "sandbox": container.path}]
        assert [ip["interface"] for ip in result["ips"]] == [0]
    assert container.pings("10.1.2.1")
    host.cni("DEL", conf, container)
    assert ground.is_clean()


@everywhere
@all_versions
@facts(78)
def test_what_was_never_attached_is_detached(ground: Ground, version: str) -> None:
    assert ground.host.cni("DEL", ground.network(V4, version=version), ground.container) == {}
    assert ground.is_clean()


@everywhere
@all_versions
@facts(79)
def test_a_network_without_addresses(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    conf = ground.network(version=version)
    if version in OLD:
        reply = host.call("ADD", conf, container)
        assert (reply.code, reply.object["msg"]) == (6, f"cannot convert the result to version {version}")
        assert ground.is_clean()
        return
    result = host.cni("ADD", conf, container)
    assert result["interfaces"] == [{"name": "eth0", "mac": container.mac("eth0"), "sandbox": container.path}]
    assert result_ips(result) == container.addresses("eth0") == []
    assert "UP" in ground.shown()["flags"]
    host.cni("DEL", conf, container)
    assert ground.is_clean()


@everywhere
@all_versions
@facts(80)
def test_a_network_with_an_explicit_gateway(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    conf = ground.network(V4, version=version)
    conf["ipam"]["ranges"] = [[{"subnet": V4, "rangeStart": "10.1.2.50", "gateway": "10.1.2.1"}]]
    conf["ipam"]["routes"] = [{"dst": "0.0.0.0/0"}]
    result = host.cni("ADD", conf, container)
    assert container.addresses("eth0") == ["10.1.2.50/24"]
    assert container.routes() == ["default via 10.1.2.1"]
    if version >= "0.4.0":
        assert host.cni("CHECK", with_prev_result(conf, result), container) == {}
    else:
        reply = host.call("CHECK", with_prev_result(conf, result), container)
        assert (reply.code, reply.object["msg"]) == (1, "config version does not allow CHECK")
    host.cni("DEL", with_prev_result(conf, result), container)
    assert ground.is_clean()


@everywhere
@all_versions
@facts(81)
def test_without_a_master_it_is_the_default_route_s_link(ground: Ground, version: str) -> None:
    host, container = ground.host, ground.container
    ground.wire.lead_default_route()
    conf = ground.network(V4, version=version, master=None)
    host.cni("ADD", conf, container)
    assert container.pings("10.1.2.1")
    host.cni("DEL", conf, container)
    assert ground.is_clean()


@facts(81)
def test_a_default_route_of_ipv6_does_as_well(ground: Ground) -> None:
    ground.host.sh(f"ip -6 route add default dev {MASTER}")
    ground.host.cni("ADD", ground.network(V4, master=None), ground.container)
    assert ground.container.pings("10.1.2.1")


@pytest.mark.parametrize("side", ["container"])
@facts(81)
def test_the_default_route_of_the_other_side_does_not_count(ground: Ground, host: Host) -> None:
    host.sh("ip link add other type veth peer name other2")
    host.sh("ip link set other up")
    host.sh("ip route add default dev other")
    reply = host.call("ADD", ground.network(V4, master=None), ground.container)
    assert (reply.code, reply.object["msg"]) == (
        7,
        "the container has no default route, whose link would be the `master`",
    )
    assert ground.is_clean()


# MAC, mode, MTU, queue.


@everywhere
@all_versions
@facts(82)
def test_the_mac_of_cni_args(ground: Ground, version: str) -> None:
    conf = ground.network(V4, version=version)
    ground.host.cni("ADD", conf, ground.container, environ={"CNI_ARGS": f"IgnoreUnknown=true;MAC={MAC}"})
    assert ground.container.mac("eth0") == MAC


@everywhere
@all_versions
@facts(83)
def test_the_mac_of_the_runtime(ground: Ground, version: str) -> None:
    conf = ground.network(V4, version=version, RuntimeConfig={"mac": MAC})
    ground.host.cni("ADD", conf, ground.container)
    assert ground.container.mac("eth0") == MAC


@facts(82, 83)
def test_macs_without_addresses(ground: Ground, host: Host) -> None:
    result = host.cni("ADD", ground.network(RuntimeConfig={"mac": MAC}), ground.container)
    assert result["interfaces"][0]["mac"] == ground.container.mac("eth0") == MAC
    other = host.add_container()
    args = {"CNI_ARGS": "IgnoreUnknown=true;MAC=c2:11:22:33:44:66"}
    assert host.cni("ADD", ground.network(), other, environ=args)["interfaces"][0]["mac"] == "c2:11:22:33:44:66"


def test_who_is_asked_last_is_the_network(ground: Ground) -> None:
    host, args = ground.host, {"CNI_ARGS": "MAC=02:00:00:00:00:02"}
    in_args, in_runtime = {"cni": {"mac": "02:00:00:00:00:03"}}, {"mac": "02:00:00:00:00:04"}
    cases = [
        ({}, {}, "02:00:00:00:00:01"),
        ({}, args, "02:00:00:00:00:02"),
        ({"args": in_args}, args, "02:00:00:00:00:03"),
        ({"args": in_args, "runtimeConfig": in_runtime}, args, "02:00:00:00:00:04"),
    ]
    for fields, environ, expected in cases:
        container = host.add_container()
        host.cni("ADD", ground.network(mac="02:00:00:00:00:01", **fields), container, environ=environ)
        assert container.mac("eth0") == expected


@pytest.mark.parametrize("mode", ["private", "vepa", "bridge", "passthru"])
@facts(84)
def test_every_mode(ground: Ground, mode: str) -> None:
    conf = ground.network(V4, mode=mode)
    result = ground.host.cni("ADD", conf, ground.container)
    assert ground.shown()["linkinfo"]["info_data"]["mode"] == mode
    assert ground.container.pings("10.1.2.1")
    assert ground.host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}
    ground.host.cni("DEL", conf, ground.container)
    assert ground.is_clean()


def test_passthru_has_the_mac_that_was_asked_for_and_the_master_its_own_afterwards(ground: Ground, host: Host) -> None:
    before = host.mac(MASTER)
    conf = ground.network(V4, mode="passthru", mac=MAC)
    result = host.cni("ADD", conf, ground.container)
    assert result["interfaces"][0]["mac"] == ground.container.mac("eth0") == host.mac(MASTER) == MAC
    assert ground.container.pings("10.1.2.1")
    host.cni("DEL", conf, ground.container)
    assert (ground.is_clean(), host.mac(MASTER)) == (True, before)


def test_the_mtu_is_the_master_s_unless_told(ground: Ground, host: Host) -> None:
    host.sh(f"ip link set {MASTER} mtu 1400")
    for mtu, expected in ((0, 1400), (1400, 1400), (68, 68)):
        conf = ground.network(mtu=mtu)
        host.cni("ADD", conf, ground.container)
        assert ground.shown()["mtu"] == expected
        host.cni("DEL", conf, ground.container)


@facts(86)
def test_the_queue_of_broadcasts(ground: Ground) -> None:
    ground.host.cni("ADD", ground.network(V4, bcqueuelen=2345), ground.container)
    assert ground.shown()["linkinfo"]["info_data"]["bcqueuelen"] == 2345


@facts(90)
def test_a_new_address_is_announced(ground: Ground) -> None:
    ground.host.cni("ADD", ground.network(V4), ground.container)
    assert ground.container.sysctl("net/ipv4/conf/eth0/arp_notify") == "1"
    assert ground.container.sysctl("net/ipv6/conf/eth0/ndisc_notify") == "1"


# Both versions, and others on the wire.


def test_both_versions_and_two_containers(ground: Ground, host: Host) -> None:
    conf = ground.network(V4, V6)
    other = host.add_container()
    first, second = (host.cni("ADD", conf, each) for each in (ground.container, other))
    assert result_ips(second) == ["10.1.2.3/24", "2001:db8::3/64"] == other.addresses("eth0")
    for here, there in ((ground.container, "3"), (other, "2")):
        assert here.pings("10.1.2.1") and here.pings("2001:db8::1")
        assert here.pings(f"10.1.2.{there}") and here.pings(f"2001:db8::{there}")
    assert host.cni("CHECK", with_prev_result(conf, first), ground.container) == {}


def test_an_ipv6_address_that_somebody_has_is_noticed(ground: Ground, leases: Path) -> None:
    conf = ground.network(V6)
    conf["ipam"]["ranges"] = [[{"subnet": V6, "rangeStart": "2001:db8::1", "gateway": "2001:db8::9"}]]
    reply = ground.host.call("ADD", conf, ground.container)
    assert (reply.code, reply.object["msg"]) == (102, "address 2001:db8::1/64 is in use by another host")
    assert ground.is_clean()


def test_dns_of_the_network_stands_over_ipams(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    for dns, expected in (({}, {"nameservers": ["192.0.2.53"]}), ({"domain": "our.test"}, {"domain": "our.test"})):
        conf = ground.network(V4, dns=dns)
        conf["ipam"]["resolvConf"] = str(tmp_path / "resolv.conf")
        assert ground.host.cni("ADD", conf, ground.container)["dns"] == expected
        ground.host.cni("DEL", conf, ground.container)


def test_a_bridge_is_a_master_too(ground: Ground, host: Host) -> None:
    host.sh("ip link add br0 type bridge")
    host.sh("ip link set br0 up")
    host.sh(f"ip link set {MASTER} master br0")
    host.cni("ADD", ground.network(V4, master="br0"), ground.container)
    assert ground.container.pings("10.1.2.1")


def test_the_host_may_have_an_interface_of_that_name(ground: Ground, host: Host) -> None:
    host.sh(f"ip link set {MASTER} down")
    host.sh(f"ip link set {MASTER} name eth0")
    host.sh("ip link set eth0 up")
    conf = ground.network(V4, master="eth0")
    result = host.cni("ADD", conf, ground.container)
    assert ground.container.pings("10.1.2.1")
    assert host.cni("CHECK", with_prev_result(conf, result), ground.container) == {}
    host.cni("DEL", conf, ground.container)
    assert (ground.is_clean(), host.links()) == (True, ["eth0"])


def test_the_container_s_namespace_may_have_a_link_of_the_master_s_name(ground: Ground, host: Host) -> None:
    ground.container.sh(f"ip link add {MASTER} type veth peer name {MASTER}x")
    host.cni("ADD", ground.network(V4), ground.container)
    assert ground.container.pings("10.1.2.1")


def test_several_interfaces_of_one_container(ground: Ground, host: Host, container: Container, leases: Path) -> None:
    conf = ground.network(V4)
    for ifname in ("eth0", "net1"):
        host.cni("ADD", conf, container, environ={"CNI_IFNAME": ifname})
    host.cni("DEL", conf, container)
    assert (container.links(), lease_files(leases)) == (["net1"], ["10.1.2.3"])
