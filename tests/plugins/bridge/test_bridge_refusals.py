"""bridge: what is refused, and that nothing is left of what failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, lease_files, with_prev_result

from poplin.linux.netns import Namespace
from poplin.linux.wire.bridge import MOST_PORTS
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth

Network = Callable[..., dict[str, Any]]
V4 = "10.1.2.0/24"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        pytest.param(
            {"hairpinMode": True, "promiscMode": True},
            7,
            "hairpinMode",
            marks=pytest.mark.facts("plugins-main-ipam", 51),
        ),
        pytest.param(
            {"disableContainerInterface": True},
            7,
            "disableContainerInterface",
            marks=pytest.mark.facts("plugins-main-ipam", 46),
        ),
        ({"bridge": "a/b"}, 7, "a/b"),
        ({"bridge": "sixteen-letters-"}, 7, "sixteen-letters-"),
        ({"mtu": 67}, 7, "67"),
        ({"mtu": 65536}, 7, "65536"),
        ({"mtu": "1500"}, 6, "mtu"),
        ({"isGateway": "yes"}, 6, "isGateway"),
        ({"vlan": 4095}, 7, "4095"),
        ({"vlanTrunk": [{"id": 4095}]}, 7, "vlanTrunk[0].id"),
        ({"ipMasqBackend": "foo"}, 7, "foo"),
        ({"strict": True, "isGatway": True}, 2, "isGatway"),
        ({"strict": True, "dns": {"nameserver": "10.1.2.1"}}, 2, "dns.nameserver"),
        ({"bridge": "br%d"}, 7, "br%d"),  # the kernel would make br0
    ],
)
def test_a_bad_setting_is_refused_before_anything_is_made(
    host: Host, container: Container, network: Network, leases: Path, fields: dict[str, Any], code: int, words: str
) -> None:
    reply = host.call("ADD", network(V4, **fields), container)
    assert reply.code == code
    assert words in reply.output
    assert "Traceback" not in reply.errors
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])


def test_a_strict_network_takes_what_is_known(host: Host, container: Container, network: Network) -> None:
    conf = network(V4, strict=True, isGateway=True, args={"any": 1}, **{"cni.dev/whatever": 2})
    conf["capabilities"] = {"ips": True}  # which the reference's runtime does not take out
    assert host.cni("ADD", conf, container)["ips"][0]["address"] == "10.1.2.2/24"


@pytest.mark.facts("plugins-main-ipam", 53)
def test_a_bridge_name_that_is_a_veth(host: Host, container: Container, network: Network, leases: Path) -> None:
    host.sh("ip link add br0 type veth peer name other")
    reply = host.call("ADD", network(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "'br0' exists and is not a bridge")
    assert host.call("STATUS", network(V4)).code == 50
    assert (host.links(), lease_files(leases)) == (["br0", "other"], [])


@pytest.mark.facts("plugins-main-ipam", 60)
def test_an_interface_name_that_is_taken(host: Host, container: Container, network: Network, leases: Path) -> None:
    container.sh("ip link add eth0 type veth peer name eth1")
    reply = host.call("ADD", network(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "the container already has an interface 'eth0'")
    assert (host.links(), container.links(), lease_files(leases)) == ([], ["eth0", "eth1"], [])
    assert not (leases / "mynet").exists()


@pytest.mark.facts("plugins-main-ipam", 40, 57)
@pytest.mark.parametrize("gateway", ["99.9.9.9", "10.1.2.1"])
def test_a_failure_after_ipam_leaves_nothing(
    host: Host, container: Container, network: Network, leases: Path, gateway: str
) -> None:
    other = host.add_container()
    host.cni("ADD", network(V4), other)
    before = (host.links(), lease_files(leases))
    conf = network(V4)
    # the kernel takes the first only, and of the second no route, since it is not on the link
    conf["ipam"]["routes"] = [{"dst": "10.5.0.0/16", "gw": gateway}, {"dst": "10.6.0.0/16", "gw": "99.9.9.9"}]
    reply = host.call("ADD", conf, container)
    assert reply.code == 100
    assert "ip route append" in reply.object["msg"] and "99.9.9.9" in reply.object["msg"]
    assert (host.links(), lease_files(leases)) == before
    assert container.links() == []


@pytest.mark.facts("plugins-main-ipam", 31, 32)
@pytest.mark.parametrize(
    ("there", "subnet", "gateway"),
    [
        ("10.0.0.1/8", "10.1.0.0/16", "10.1.0.1/16"),
        ("192.0.2.1/24", "10.1.0.0/16", "10.1.0.1/16"),
        ("2001:db8:1::1/48", "2001:db8:1:7::/64", "2001:db8:1:7::1/64"),
    ],
)
def test_an_address_in_the_way(
    host: Host, container: Container, network: Network, leases: Path, there: str, subnet: str, gateway: str
) -> None:
    host.sh("ip link add br0 up type bridge")
    host.sh(f"ip address add {there} dev br0")
    reply = host.call("ADD", network(subnet, isGateway=True), container)
    assert reply.code == 102
    assert there in reply.object["msg"] and gateway in reply.object["msg"] and "forceAddress" in reply.object["details"]
    assert host.addresses("br0") == [there]
    assert lease_files(leases) == []
    host.cni("ADD", network(subnet, isGateway=True, forceAddress=True), container)
    assert host.addresses("br0") == [gateway]


@pytest.mark.facts("plugins-main-ipam", 31)
def test_an_address_that_goes_with_another_one_in_the_way(host: Host, container: Container, network: Network) -> None:
    host.sh("ip link add br0 up type bridge")
    host.set_sysctl("net/ipv4/conf/all/promote_secondaries", "0")
    host.set_sysctl("net/ipv4/conf/br0/promote_secondaries", "0")
    for there in ("10.0.0.1/8", "10.0.0.2/8"):
        host.sh(f"ip address add {there} dev br0")
    host.cni("ADD", network("192.0.2.0/24", isGateway=True, forceAddress=True), container)
    assert host.addresses("br0") == ["192.0.2.1/24"]


@pytest.mark.facts("plugins-main-ipam", 33, 34)
def test_an_ipv6_address_elsewhere_is_no_conflict(host: Host, container: Container, network: Network) -> None:
    host.sh("ip link add br0 up type bridge")
    host.sh("ip address add 2001:db8:1::1/48 dev br0")
    host.cni("ADD", network("2001:db8:2::/64", isGateway=True), container)
    assert sorted(host.addresses("br0")) == ["2001:db8:1::1/48", "2001:db8:2::1/64"]


def test_ipv6_needs_its_least_mtu(host: Host, container: Container, network: Network, leases: Path) -> None:
    reply = host.call("ADD", network("2001:db8::/64", mtu=1000), container)
    assert (reply.code, reply.object["msg"]) == (7, "mtu 1000 is too small for IPv6")
    assert (host.links(), lease_files(leases)) == ([], [])


def test_ipam_that_is_missing_is_named_with_where_it_was_sought(
    host: Host, container: Container, network: Network
) -> None:
    reply = host.call("ADD", {**network(), "ipam": {"type": "nowhere"}}, container)
    assert "nowhere" in reply.object["msg"] and str(host.bin_dir) in reply.object["details"]
    assert host.links() == []


@pytest.mark.parametrize(
    ("key", "value"),
    [("mtu", 1 << 32), ("advmss", -1), ("priority", (1 << 63) - 1), ("table", 1 << 32), ("scope", 256)],
)
def test_a_route_with_a_number_the_kernel_has_no_room_for(
    host: Host, container: Container, network: Network, leases: Path, key: str, value: int
) -> None:
    conf = network(V4)
    conf["ipam"]["routes"] = [{"dst": "10.9.0.0/16", key: value}]
    reply = host.call("ADD", conf, container)
    assert reply.code == 7
    assert reply.object["msg"] == f"invalid {key} {value} of the route to 10.9.0.0/16"
    assert (host.links(), container.links(), lease_files(leases)) == (["br0"], [], [])


@pytest.mark.parametrize("command", ["ADD", "DEL", "CHECK", "STATUS", "GC"])
def test_a_bridge_that_is_its_own_ipam_plugin(host: Host, container: Container, network: Network, command: str) -> None:
    conf = with_prev_result(network(ipam={"type": "bridge"}), {"cniVersion": "1.1.0"})
    conf["cni.dev/valid-attachments"] = []
    reply = host.call(command, conf, container)
    assert (reply.code, reply.object["msg"]) == (7, "`ipam.type` is 'bridge', the plugin itself")
    assert (host.links(), container.links()) == ([], [])


def test_an_interface_name_that_is_a_pattern(host: Host, container: Container, network: Network, leases: Path) -> None:
    reply = host.call("ADD", network(V4), container, environ={"CNI_IFNAME": "eth%d"})
    assert reply.code == 4
    assert "'eth%d'" in reply.object["details"]
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])


@pytest.mark.parametrize("sandbox", ["/run/\0", "/run/\ud800"])
def test_check_with_a_sandbox_that_is_no_path(host: Host, container: Container, network: Network, sandbox: str) -> None:
    conf = network(V4)
    result = host.cni("ADD", conf, container)
    result["interfaces"][2]["sandbox"] = sandbox
    reply = host.call("CHECK", with_prev_result(conf, result), container)
    assert reply.code == 103
    assert "Traceback" not in reply.errors


def test_port_1024_is_refused_in_words(host: Host, container: Container, network: Network, leases: Path) -> None:
    host.sh("ip link add br0 type bridge")
    host.set_sysctl("net/ipv6/conf/default/disable_ipv6", "1")
    with host.entered(), Namespace() as here:
        ports = range(MOST_PORTS)
        here.rtnl.apply(*(add_veth(f"port{n}", f"far{n}", here.fd) for n in ports))
        bridge = here.rtnl.get_link("br0").index
        here.rtnl.apply(*(set_link(f"port{n}", master=bridge) for n in ports))
        before = len(here.rtnl.list_links())
    reply = host.call("ADD", network(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "bridge 'br0' is full")
    assert "1023 ports" in reply.object["details"]
    assert (len(host.links()) + 1, container.links(), lease_files(leases)) == (before, [], [])
