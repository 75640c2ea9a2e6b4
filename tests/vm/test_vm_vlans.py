"""bridge: VLANs on a kernel that has them. bridge(8) tells what a port is in; frames tell what that is worth."""

from __future__ import annotations

import json
from collections.abc import Callable
from errno import EINVAL, ENODEV, EOPNOTSUPP
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, finish, lease_files, result_ips, with_prev_result

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.netlink import NetlinkError, Request
from poplin.linux.netns import Namespace
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import parse_mac, set_link
from poplin.linux.wire.veth import add_veth
from poplin.linux.wire.vlan import NATIVE, Vlans, add_vlans, delete_vlans
from poplin.spec.versions import KNOWN

Network = Callable[..., dict[str, Any]]

V4, V6, V6_TOO = "10.1.2.0/24", "2001:db8::/64", "192:168:1::/64"
TAGGED: list[str] = []
PVID = ["PVID", "Egress Untagged"]
TRUNK = [{"id": 101}, {"minID": 200, "maxID": 210}]
TRUNK_VIDS: dict[int, list[str]] = {vid: TAGGED for vid in (101, *range(200, 211))}
DEFAULT = {1: ["Egress Untagged"]}
TOO_OLD_FOR_TWO = ("0.1.0", "0.2.0")
FAMILIES = {
    "v4": ((V4,), ["10.1.2.1/24"]),
    "v6": ((V6,), ["2001:db8::1/64"]),
    "dual stack": ((V4, V6), ["10.1.2.1/24", "2001:db8::1/64"]),
    "three ranges": ((V4, V6, V6_TOO), ["10.1.2.1/24", "2001:db8::1/64", "192:168:1::1/64"]),
}
# A family's addresses are the same in every version but the oldest.
VERSIONS = {
    "v4": KNOWN,
    "v6": ("0.2.0", "1.1.0"),
    "dual stack": ("0.2.0", "1.1.0"),
    "three ranges": (*TOO_OLD_FOR_TWO, "1.1.0"),
}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def vlans(host: Host, port: str) -> dict[int, list[str]]:
    """The flags by id of a port, as bridge(8) tells them."""
    told = json.loads(host.sh(f"bridge -j vlan show dev {port}"))
    return {each["vlan"]: each.get("flags", TAGGED) for item in told for each in item["vlans"]}


def is_filtering(host: Host) -> bool:
    """Whether br0 looks at VLANs."""
    return bool(host.json("-d link show dev br0")[0]["linkinfo"]["info_data"]["vlan_filtering"])


# What ports are in.


@pytest.mark.parametrize("preserve", [False, True])
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({"vlan": 100}, {100: PVID}, marks=facts(23, 26)),
        pytest.param({"vlanTrunk": TRUNK}, {1: PVID, **TRUNK_VIDS}, marks=facts(24)),
        pytest.param({"vlan": 100, "vlanTrunk": TRUNK}, {100: PVID, **TRUNK_VIDS}, marks=facts(25)),
        ({"vlan": 205, "vlanTrunk": TRUNK}, {**TRUNK_VIDS, 205: PVID}),
        ({"vlan": 1}, {1: PVID}),
        ({"vlanTrunk": [{"minID": 1, "maxID": 4094}]}, {1: PVID, **{vid: TAGGED for vid in range(2, 4095)}}),
        (
            {"vlanTrunk": [{"id": vid} for vid in range(2, 1200, 2)]},
            {1: PVID, **dict.fromkeys(range(2, 1200, 2), TAGGED)},
        ),
    ],
)
def test_a_network_without_addresses(
    host: Host, container: Container, network: Network, fields: dict[str, Any], expected: Any, preserve: bool
) -> None:
    conf = network(preserveDefaultVlan=preserve, **fields)
    result = host.cni("ADD", conf, container)
    port = result["interfaces"][1]["name"]
    assert is_filtering(host)
    assert vlans(host, port) == ({**DEFAULT, **expected} if preserve else expected)
    host.cni("CHECK", with_prev_result(conf, result), container)
    host.cni("DEL", with_prev_result(conf, result), container)
    assert (host.links(), container.links()) == (["br0"], [])


@pytest.mark.parametrize(
    ("family", "version", "preserve"),
    [
        pytest.param(family, version, preserve, marks=facts(27 if family == "v4" else 28, 29))
        for family, versions in VERSIONS.items()
        for version, preserve in [*((version, False) for version in versions), ("1.1.0", True)]
    ],
)
def test_a_network_with_gateways(
    host: Host, container: Container, network: Network, leases: Path, family: str, preserve: bool, version: str
) -> None:
    subnets, gateways = FAMILIES[family]
    conf = network(*subnets, version=version, vlan=100, isDefaultGateway=True, preserveDefaultVlan=preserve)
    if family == "three ranges" and version in TOO_OLD_FOR_TWO:
        for command in ("ADD", "DEL"):
            reply = host.call(command, conf, container)
            assert (reply.code, reply.object["details"][:9]) == (7, "there are")
        return
    result = host.cni("ADD", conf, container)
    assert sorted(result_ips(result)) == sorted(container.addresses("eth0"))
    assert sorted(host.addresses("br0.100")) == sorted(gateways)
    assert host.addresses("br0") == []
    expected = {**DEFAULT, 100: PVID} if preserve else {100: PVID}
    ports = [link["ifname"] for link in host.json("link show master br0")]
    assert [vlans(host, port) for port in ports] == [expected, expected]
    gateway = host.json("-d link show dev br0.100")[0]
    assert (gateway["linkinfo"]["info_kind"], gateway["link"] in ports) == ("veth", True)
    assert len(host.links()) == 4  # and lo: five
    assert all(container.pings(each.partition("/")[0]) for each in gateways[:2])
    if version not in TOO_OLD_FOR_TWO:
        names = [each["name"] for each in result["interfaces"]]
        assert names == ["br0", next(port for port in ports if port != gateway["link"]), "eth0", "br0.100"]
        assert [each["mac"] for each in result["interfaces"]][2:] == [container.mac("eth0"), host.mac("br0.100")]
    host.cni("DEL", conf, container)
    assert (host.links(), lease_files(leases)) == (sorted(["br0", "br0.100", gateway["link"]]), [])


def test_check_and_status_of_a_network_with_a_gateway(host: Host, container: Container, network: Network) -> None:
    conf = network(V4, V6, vlan=100, vlanTrunk=TRUNK, isGateway=True)
    result = host.cni("ADD", conf, container)
    after = with_prev_result(conf, result)
    host.cni("STATUS", conf)
    host.cni("CHECK", after, container)
    port = result["interfaces"][1]["name"]
    host.sh(f"bridge vlan del dev {port} vid 205")
    reply = host.call("CHECK", after, container)
    assert (reply.code, reply.object["msg"]) == (103, f"port '{port}' is in other VLANs")
    assert reply.object["details"] == (
        "100 pvid untagged, 101, 200-204, 206-210 instead of 100 pvid untagged, 101, 200-210"
    )
    host.sh(f"bridge vlan add dev {port} vid 205")
    host.cni("CHECK", after, container)
    host.sh("ip link set br0.100 down")
    assert host.call("CHECK", after, container).object["msg"] == "interface 'br0.100' is down"
    host.sh("ip link delete br0.100")
    assert host.call("CHECK", after, container).object["msg"] == "the gateway's interface 'br0.100' is gone"
    second = host.add_container()
    host.cni("ADD", conf, second)
    assert second.pings("10.1.2.1") and second.pings("2001:db8::1") and container.pings("10.1.2.3")


def test_many_containers_at_once_share_one_gateway(host: Host, network: Network) -> None:
    conf = network(V4, vlan=100, isGateway=True)
    containers = [host.add_container() for _ in range(6)]
    started = [host.start("ADD", conf, each) for each in containers]
    assert [finish(process, conf).status for process in started] == [0] * 6
    ports = [link["ifname"] for link in host.json("link show master br0")]
    assert [vlans(host, port) for port in ports] == [{100: PVID}] * 7
    assert all(each.pings("10.1.2.1") for each in containers)


def test_a_bridge_that_others_made_without_filtering(
    host: Host, container: Container, network: Network, leases: Path
) -> None:
    host.sh("ip link add br0 type bridge")
    reply = host.call("ADD", network(V4, vlan=100), container)
    assert (reply.code, reply.object["msg"]) == (102, "bridge 'br0' exists and does not filter VLANs")
    assert (host.links(), container.links(), lease_files(leases)) == (["br0"], [], [])
    assert host.call("STATUS", network(V4, vlan=100)).code == 50
    remedy = reply.object["details"].split("`")[1]
    host.sh(remedy)
    port = host.cni("ADD", network(V4, vlan=100), container)["interfaces"][1]["name"]
    assert vlans(host, port) == {100: PVID}


def test_a_bridge_with_another_default_vlan(host: Host, network: Network) -> None:
    host.sh("ip link add br0 type bridge vlan_filtering 1 vlan_default_pvid 7")
    for preserve, expected in ((False, {100: PVID}), (True, {7: ["Egress Untagged"], 100: PVID})):
        conf = network(vlan=100, preserveDefaultVlan=preserve)
        container = host.add_container()
        result = host.cni("ADD", conf, container)
        assert vlans(host, result["interfaces"][1]["name"]) == expected
        host.cni("CHECK", with_prev_result(conf, result), container)


# What frames do.


def join(host: Host, conf: dict[str, Any], address: str) -> Container:
    """A new container in a network without IPAM, with an address all the same."""
    container = host.add_container()
    host.cni("ADD", conf, container)
    container.sh(f"ip address add {address} dev eth0")
    return container


def test_vlans_are_kept_apart(host: Host, network: Network) -> None:
    red, blue = network(vlan=100), network(vlan=200)
    one, two, other = join(host, red, "10.5.0.1/24"), join(host, red, "10.5.0.2/24"), join(host, blue, "10.5.0.3/24")
    plain = join(host, network(), "10.5.0.4/24")
    assert one.pings("10.5.0.2") and two.pings("10.5.0.1")
    assert one.is_cut_off("10.5.0.3") and other.is_cut_off("10.5.0.1")
    assert one.is_cut_off("10.5.0.4") and plain.is_cut_off("10.5.0.3")


def test_a_trunk_carries_tagged_frames(host: Host, network: Network) -> None:
    red, blue = join(host, network(vlan=100), "10.5.0.1/24"), join(host, network(vlan=200), "10.6.0.1/24")
    plain = join(host, network(), "10.7.0.1/24")
    trunk = join(host, network(vlanTrunk=[{"id": 100}, {"minID": 200, "maxID": 201}]), "10.7.0.9/24")
    for vid, address in ((100, "10.5.0.9/24"), (200, "10.6.0.9/24"), (300, "10.8.0.9/24")):
        trunk.sh(f"ip link add link eth0 name eth0.{vid} up type vlan id {vid}")
        trunk.sh(f"ip address add {address} dev eth0.{vid}")
    assert trunk.pings("10.5.0.1") and trunk.pings("10.6.0.1") and trunk.pings("10.7.0.1")
    assert red.pings("10.5.0.9") and blue.pings("10.6.0.9") and plain.pings("10.7.0.9")
    outsider = join(host, network(vlan=300), "10.8.0.1/24")
    assert outsider.is_cut_off("10.8.0.9")  # the trunk does not have VLAN 300


def test_two_vlans_of_a_bridge_meet_only_in_the_host(host: Host, network: Network) -> None:
    red = network(V4, vlan=100, isDefaultGateway=True)
    blue = {**network("10.9.9.0/24", vlan=200, isDefaultGateway=True), "name": "blue"}
    one, two = host.add_container(), host.add_container()
    host.cni("ADD", red, one)
    host.cni("ADD", blue, two)
    assert one.pings("10.9.9.2") and two.pings("10.1.2.2")
    host.set_sysctl("net/ipv4/ip_forward", "0")
    assert one.is_cut_off("10.9.9.2") and two.is_cut_off("10.1.2.2")


# The kernel in memory.


def test_the_kernel_in_memory_treats_vlans_as_the_real_one(host: Host) -> None:
    fake = FakeKernel().host
    with Namespace(host.path) as real:
        told = play(fake)
        assert told == play(real)
    assert [code for code, _ in told] == [EOPNOTSUPP, 0, 0, 0, EINVAL, 0, 0, 0, ENODEV]


def play(where: Namespace) -> list[tuple[int, list[tuple[int, int]]]]:
    """Errno of each step, and what the port was in after it, nothing before it is one."""
    mac = parse_mac("02:00:00:00:00:01")
    where.rtnl.apply(add_bridge("br0", mac, vlan_filtering=True), add_veth("v0", "v1", where.fd))
    bridge, port = where.rtnl.get_link("br0").index, where.rtnl.get_link("v0").index
    steps = [
        add_vlans("v0", port, [Vlans(7)]),  # no port yet
        set_link("v0", port, master=bridge),
        add_vlans("v0", port, [Vlans(100, flags=NATIVE), Vlans(200, 203)]),
        add_vlans("v0", port, [Vlans(202), Vlans(100)]),
        add_vlans("v0", port, [Vlans(300, 302, NATIVE)]),  # a range has no native VLAN
        delete_vlans("v0", port, [Vlans(1), Vlans(201, 999)]),
        delete_vlans("v0", port, [Vlans(4000)]),
        set_link("v0", port, master=bridge),
        add_vlans("nowhere", 999, [Vlans(1)]),
    ]
    return [(attempt(where, step), listed(where, port)) for step in steps]


def attempt(where: Namespace, request: Request) -> int:
    """errno, 0 for success."""
    try:
        where.rtnl.apply(request)
    except NetlinkError as error:
        return error.errno or -1
    return 0


def listed(where: Namespace, port: int) -> list[tuple[int, int]]:
    """Id and flags of each VLAN."""
    try:
        found = where.rtnl.list_vlans(port)
    except NetlinkError as error:
        assert error.errno == EINVAL
        return []
    return [(vid, each.flags) for each in found for vid in range(each.first, each.last + 1)]
