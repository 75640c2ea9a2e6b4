"""bridge: what ADD makes, and that DEL takes it away again."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, all_versions, lease_files, result_ips

from poplin.linux.netns import Namespace
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.attachment import host_link_names

Network = Callable[..., dict[str, Any]]
V4, V6, V6_TOO = "10.1.2.0/24", "2001:db8::/64", "192:168:1::/64"

FAMILIES = {
    "v4": ((V4,), ["10.1.2.1/24"], ["10.1.2.2/24"]),
    "v6": ((V6,), ["2001:db8::1/64"], ["2001:db8::2/64"]),
    "dual stack": ((V4, V6), ["10.1.2.1/24", "2001:db8::1/64"], ["10.1.2.2/24", "2001:db8::2/64"]),
    "three ranges": (
        (V4, V6, V6_TOO),
        ["10.1.2.1/24", "2001:db8::1/64", "192:168:1::1/64"],
        ["10.1.2.2/24", "2001:db8::2/64", "192:168:1::2/64"],
    ),
}
ROWS = {"v4": 16, "v6": 17, "dual stack": 18, "three ranges": 19}
TOO_OLD_FOR_TWO = ("0.1.0", "0.2.0")


@all_versions
@pytest.mark.parametrize(
    "family", [pytest.param(f, marks=pytest.mark.facts("plugins-main-ipam", ROWS[f])) for f in ROWS]
)
def test_a_default_gateway_network(
    host: Host, container: Container, network: Network, leases: Path, version: str, family: str
) -> None:
    subnets, gateways, addresses = FAMILIES[family]
    conf = network(*subnets, version=version, isDefaultGateway=True)
    if family == "three ranges" and version in TOO_OLD_FOR_TWO:
        for command in ("ADD", "DEL"):
            reply = host.call(command, conf, container)
            assert (reply.code, reply.object["details"]) == (
                7,
                "there are 1 IPv4 and 2 IPv6 range sets; use 0.3.0 or newer",
            )
        return
    result = host.cni("ADD", conf, container)

    assert sorted(result_ips(result)) == sorted(addresses)
    assert sorted(host.addresses("br0")) == sorted(gateways)
    assert sorted(container.addresses("eth0")) == sorted(addresses)
    versions = {6 if ":" in gateway else 4: gateway.split("/")[0] for gateway in reversed(gateways)}
    for number, gateway in versions.items():
        assert f"default via {gateway}" in container.routes(number)
        assert container.pings(gateway)
    assert host.json("-d link show dev br0")[0]["linkinfo"]["info_data"]["vlan_filtering"] == 0
    assert len(host.links()) == 2
    if version not in TOO_OLD_FOR_TWO:
        bridge, outer, inner = result["interfaces"]
        assert (bridge["name"], inner["name"], inner["sandbox"]) == ("br0", "eth0", container.path)
        assert [bridge["mac"], outer["mac"], inner["mac"]] == [
            host.mac("br0"),
            host.mac(outer["name"]),
            container.mac("eth0"),
        ]
        assert outer["name"].startswith("veth") and "sandbox" not in outer
        assert {ip["interface"] for ip in result["ips"]} == {2}

    host.cni("DEL", conf, container)
    assert container.links() == []
    assert host.links() == ["br0"]
    assert lease_files(leases) == []


@pytest.mark.facts("plugins-main-ipam", 17)
def test_ipv6_has_one_global_and_one_link_local_address(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(V6, isDefaultGateway=True), container)
    assert container.addresses("eth0") == ["2001:db8::2/64"]
    assert len(container.addresses("eth0", "link")) == 1


@pytest.mark.facts("plugins-main-ipam", 20)
def test_dns_comes_from_resolv_conf(host: Host, container: Container, network: Network, tmp_path: Path) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    conf = network(V4)
    conf["ipam"]["resolvConf"] = str(tmp_path / "resolv.conf")
    assert host.cni("ADD", conf, container)["dns"] == {"nameservers": ["192.0.2.53"]}


@pytest.mark.parametrize("dns", [{"nameservers": ["192.0.2.1"]}, {"domain": "a.test"}, {"search": []}, {"options": []}])
def test_dns_of_the_network_stands_over_ipams(
    host: Host, container: Container, network: Network, tmp_path: Path, dns: dict[str, Any]
) -> None:
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.53\n")
    conf = network(V4, dns=dns)
    conf["ipam"]["resolvConf"] = str(tmp_path / "resolv.conf")
    given = {key: value for key, value in dns.items() if value}
    assert host.cni("ADD", conf, container).get("dns", {}) == given


@all_versions
@pytest.mark.facts("plugins-main-ipam", 22)
def test_a_network_without_ipam(host: Host, container: Container, network: Network, version: str) -> None:
    conf = network(version=version, ipam={})
    reply = host.call("ADD", conf, container)
    if version in TOO_OLD_FOR_TWO:
        assert reply.code == 6
        assert host.links() in ([], ["br0"])
        assert container.links() == []
    else:
        assert reply.status == 0
        assert "ips" not in reply.object
        assert "UP" in container.json("link show dev eth0")[0]["flags"]
        assert container.addresses("eth0") == []
    host.cni("DEL", conf, container)
    assert container.links() == []


@all_versions
@pytest.mark.facts("plugins-main-ipam", 30)
def test_delete_of_nothing_succeeds(host: Host, container: Container, network: Network, version: str) -> None:
    host.cni("DEL", network(V4, version=version), container)
    assert host.links() == []


@pytest.mark.facts("plugins-main-ipam", 55)
@pytest.mark.parametrize("routes", [(), ("0.0.0.0/0",)])
def test_one_default_route_whoever_asks_for_it(
    host: Host, container: Container, network: Network, routes: tuple[str, ...]
) -> None:
    result = host.cni("ADD", network(V4, routes=routes, isDefaultGateway=True), container)
    assert container.routes() == ["default via 10.1.2.1"]
    assert result["routes"] == [{"dst": "0.0.0.0/0", "gw": "10.1.2.1"}]


def test_two_ipv4_ranges_with_gateways_stand_side_by_side(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(V4, "10.9.9.0/24", isGateway=True), container)
    assert host.addresses("br0") == ["10.1.2.1/24", "10.9.9.1/24"]
    assert container.pings("10.9.9.1")


def test_two_containers_and_the_host_reach_each_other(host: Host, network: Network) -> None:
    conf = network(V4, V6, isGateway=True)
    one, two = host.add_container(), host.add_container()
    host.cni("ADD", conf, one)
    host.cni("ADD", conf, two)
    for caller, address in ((one, "10.1.2.3"), (two, "2001:db8::2"), (host, "10.1.2.2")):
        caller.sh(f"ping -n -c1 -W20 {address}")  # the first packet comes through


# Names, keys, sizes.


@pytest.mark.facts("plugins-main-ipam", 37, 38, 39)
@pytest.mark.parametrize("source", ["CNI_ARGS", "args", "runtime"])
@all_versions
def test_the_mac_asked_for(host: Host, container: Container, network: Network, source: str, version: str) -> None:
    sources = ["CNI_ARGS", "args", "runtime"]
    given = sources[: sources.index(source) + 1]
    macs = dict(zip(sources, ["02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"], strict=True))
    conf = network(V4, version=version)
    if "args" in given:
        conf["args"] = {"cni": {"mac": macs["args"]}}
    if "runtime" in given:
        conf["RuntimeConfig"] = {"mac": macs["runtime"]}
    host.cni("ADD", conf, container, environ={"CNI_ARGS": f"IgnoreUnknown=true;MAC={macs['CNI_ARGS']}"})
    assert container.mac("eth0") == macs[source]


@pytest.mark.parametrize("mac", ["nonsense", "01:00:00:00:00:01", "00:00:00:00:00:00", "02:00:00:00:00"])
def test_a_mac_no_interface_can_have_is_refused(host: Host, container: Container, network: Network, mac: str) -> None:
    reply = host.call("ADD", network(V4, runtimeConfig={"mac": mac}), container)
    assert reply.code == 7
    assert mac in reply.object["details"]
    assert host.links() == []


def test_a_lone_mac_argument_does_not_upset_ipam(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(V4), container, environ={"CNI_ARGS": "MAC=02:00:00:00:00:07"})
    assert container.mac("eth0") == "02:00:00:00:00:07"


@all_versions
@pytest.mark.facts("plugins-main-ipam", 14)
def test_a_new_bridge_has_the_mtu_asked_for(host: Host, container: Container, network: Network, version: str) -> None:
    host.cni("ADD", network(V4, version=version, mtu=5000), container)
    link = host.json("-d link show dev br0")[0]
    assert (link["mtu"], link["promiscuity"]) == (5000, 0)
    assert container.json("link show dev eth0")[0]["mtu"] == 5000


@pytest.mark.parametrize(
    ("uplink", "explicit", "subnet", "expected"),
    [(1400, 0, V4, 1400), (9000, 0, V4, 1500), (1400, 1500, V4, 1500), (1000, 0, V4, 1000), (1000, 0, V6, 1280)],
)
def test_the_mtu_follows_a_small_uplink_unless_told(
    host: Host, container: Container, network: Network, uplink: int, explicit: int, subnet: str, expected: int
) -> None:
    host.sh(f"ip link add up0 mtu {uplink} type veth peer name up1 mtu {uplink}")
    host.sh("ip link set up0 up")
    host.sh("ip address add 192.0.2.2/24 dev up0")
    host.sh("ip route add default via 192.0.2.1")
    host.cni("ADD", network(subnet, **({"mtu": explicit} if explicit else {})), container)
    assert container.json("link show dev eth0")[0]["mtu"] == expected
    assert host.json("link show dev br0")[0]["mtu"] == expected


@all_versions
@pytest.mark.facts("plugins-main-ipam", 15)
def test_a_bridge_that_exists_is_used(host: Host, container: Container, network: Network, version: str) -> None:
    host.sh("ip link add br0 type bridge")
    before = host.json("link show dev br0")[0]["ifindex"]
    host.cni("ADD", network(V4, version=version), container)
    assert host.json("link show dev br0")[0]["ifindex"] == before


@pytest.mark.facts("plugins-main-ipam", 21)
def test_the_bridge_has_a_mac_of_its_own(host: Host, container: Container, network: Network) -> None:
    bridge, outer, _ = host.cni("ADD", network(V4, isGateway=True), container)["interfaces"]
    assert bridge["mac"] != outer["mac"]


@all_versions
@pytest.mark.parametrize("subnet", [V4, V6])
@pytest.mark.facts("plugins-main-ipam", 36)
def test_the_mac_of_a_foreign_bridge_stays(
    host: Host, container: Container, network: Network, version: str, subnet: str
) -> None:
    host.sh("ip link add br0 type bridge")
    before = host.mac("br0")
    conf = network(subnet, version=version, isGateway=True)
    host.cni("ADD", conf, container)
    assert host.mac("br0") == before
    host.cni("DEL", conf, container)
    assert host.mac("br0") == before


def test_the_result_has_the_mac_that_a_foreign_bridge_took_from_its_port(
    host: Host, container: Container, network: Network
) -> None:
    host.sh("ip link add br0 type bridge")
    conf = network(V4)
    result = host.cni("ADD", conf, container)
    assert result["interfaces"][0]["mac"] == host.mac("br0") == result["interfaces"][1]["mac"]
    host.cni("CHECK", {**conf, "prevResult": result}, container)


@pytest.mark.facts("plugins-main-ipam", 56)
def test_an_emptied_bridge_becomes_a_gateway(host: Host, network: Network) -> None:
    host.sh("ip link add br0 type bridge")
    first, second, third = (host.add_container() for _ in range(3))
    host.cni("ADD", network(), first)
    host.cni("DEL", network(), first)
    result = host.cni("ADD", network(V4, isGateway=True), second)
    mac = host.mac("br0")
    assert mac == result["interfaces"][0]["mac"] != "00:00:00:00:00:00"
    host.cni("ADD", network(V4, isGateway=True), third)
    assert host.mac("br0") == mac
    assert second.pings("10.1.2.1")


# Switches.


@pytest.mark.facts("plugins-main-ipam", 35)
def test_promiscuous_mode(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(V4, promiscMode=True), container)
    assert host.json("-d link show dev br0")[0]["promiscuity"] == 1


@pytest.mark.facts("plugins-main-ipam", 48, 52)
@pytest.mark.parametrize("value", [False, True])
@pytest.mark.parametrize(("key", "flag"), [("hairpinMode", "hairpin"), ("portIsolation", "isolated")])
def test_port_switches(host: Host, container: Container, network: Network, key: str, flag: str, value: bool) -> None:
    port = host.cni("ADD", network(V4, **{key: value}), container)["interfaces"][1]["name"]
    assert host.json(f"-d link show dev {port}")[0]["linkinfo"]["info_slave_data"][flag] is value


@pytest.mark.facts("plugins-main-ipam", 47)
def test_a_container_interface_left_down(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(disableContainerInterface=True), container)
    assert "UP" not in container.json("link show dev eth0")[0]["flags"]
    assert container.addresses("eth0", "link") == []


@pytest.mark.facts("plugins-main-ipam", 58)
@pytest.mark.parametrize("value", [False, True])
def test_duplicate_address_detection(host: Host, container: Container, network: Network, value: bool) -> None:
    host.cni("ADD", network(V6, enabledad=value), container)
    assert container.sysctl("net/ipv6/conf/eth0/accept_dad") == str(int(value))
    assert container.sysctl("net/ipv6/conf/eth0/enhanced_dad") == "1"
    assert "tentative" not in container.sh("ip address show dev eth0")


@pytest.mark.facts("plugins-main-ipam", 59)
def test_sysctls(host: Host, container: Container, network: Network) -> None:
    port = host.cni("ADD", network(V6, isGateway=True), container)["interfaces"][1]["name"]
    assert host.sysctl(f"net/ipv6/conf/{port}/accept_ra") == "0"
    assert host.sysctl("net/ipv6/conf/br0/accept_ra") == "0"
    assert container.sysctl("net/ipv4/conf/eth0/arp_notify") == "1"
    assert container.sysctl("net/ipv6/conf/eth0/keep_addr_on_down") == "1"
    assert host.sysctl("net/ipv6/conf/all/forwarding") == "1"


def test_ipv6_comes_on_where_the_image_switched_it_off(host: Host, container: Container, network: Network) -> None:
    container.set_sysctl("net/ipv6/conf/default/disable_ipv6", "1")
    container.set_sysctl("net/ipv6/conf/lo/disable_ipv6", "1")
    host.cni("ADD", network(V6, isGateway=True), container)
    assert container.pings("2001:db8::1")


def test_a_bridge_for_ipv4_alone_learns_ipv6_when_it_is_needed(host: Host, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    host.cni("ADD", network(V4, isGateway=True), first)
    assert host.sysctl("net/ipv6/conf/br0/disable_ipv6") == "1"
    host.cni("ADD", {**network(V6, isGateway=True), "name": "other"}, second)
    assert second.pings("2001:db8::1") and first.pings("10.1.2.1")


def test_a_kernel_without_ipv6(host: Host, container: Container, network: Network, tmp_path: Path) -> None:
    (tmp_path / "bridge").write_text(
        f"#!/bin/sh\nexec unshare -m sh -c 'mount -t tmpfs t /proc/sys/net/ipv6; exec {host.bin_dir}/bridge'\n"
    )
    (tmp_path / "bridge").chmod(0o755)
    host.cni("ADD", network(V4, isDefaultGateway=True), container, bin_dir=tmp_path)
    assert container.pings("10.1.2.1")
    other = host.add_container()
    reply = host.call("ADD", network(V6, isGateway=True), other, bin_dir=tmp_path)
    assert (reply.code, other.links(), len(host.links())) == (5, [], 2)


def test_switches_that_may_not_be_written(host: Host, container: Container, network: Network, tmp_path: Path) -> None:
    """As in a container engine that is itself in a container; only forwarding has to be there."""
    (tmp_path / "bridge").write_text(
        "#!/bin/sh\nexec unshare -m sh -c 'mount -t proc -o ro p /proc && mount -o bind,ro /proc/sys /proc/sys; "
        f"exec {host.bin_dir}/bridge'\n"
    )
    (tmp_path / "bridge").chmod(0o755)
    reply = host.call("ADD", network(V4, isDefaultGateway=True), container, bin_dir=tmp_path)
    assert (reply.code, reply.object["msg"]) == (5, "bridge: /proc/sys/net/ipv4/ip_forward: Read-only file system")
    host.set_sysctl("net/ipv4/ip_forward", "1")
    host.cni("ADD", network(V4, isDefaultGateway=True), container, bin_dir=tmp_path)
    assert container.pings("10.1.2.1")


@pytest.mark.parametrize("alias", ["", "mynet/another/eth0"])
def test_a_link_that_has_our_name_keeps_its_alias(
    host: Host, container: Container, network: Network, alias: str
) -> None:
    name, next_name = itertools.islice(host_link_names(f"mynet/{container.id}/eth0"), 2)
    with Namespace(host.path) as outside:
        outside.rtnl.apply(add_veth(name, "far", outside.fd), set_link(name, alias=alias))
    result = host.cni("ADD", network(V4), container)
    assert result["interfaces"][1]["name"] == next_name
    with Namespace(host.path) as outside:
        assert outside.rtnl.get_link(name).alias == alias
    host.cni("DEL", network(V4), container)
    assert (host.links(), container.links()) == (sorted(["br0", "far", name]), [])


@pytest.mark.facts("plugins-main-ipam", 63, 226)
def test_a_forwarding_switch_that_is_on_is_not_written(host: Host, container: Container, network: Network) -> None:
    host.set_sysctl("net/ipv4/ip_forward", "1")
    trace = host.sh("mktemp").strip()
    wrapper = ["strace", "-f", "-e", "trace=openat", "-o", trace, str(host.bin_dir / "bridge")]
    folder = Path(trace + ".d")
    folder.mkdir()
    (folder / "bridge").write_text("#!/bin/sh\nexec " + " ".join(wrapper) + "\n")
    (folder / "bridge").chmod(0o755)
    host.cni("ADD", network(V4, isGateway=True), container, bin_dir=folder)
    opened = [line for line in Path(trace).read_text().splitlines() if "ip_forward" in line]
    assert len(opened) == 1 and "O_RDONLY" in opened[0]
