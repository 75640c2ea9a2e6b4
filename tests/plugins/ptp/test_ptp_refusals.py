"""ptp: what is refused, and that nothing is left of what failed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles import Double
from netlab import Container, Host, lease_files, with_prev_result

from poplin.linux.netns import Namespace
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.attachment import host_link_names

Network = Callable[..., dict[str, Any]]
V4 = "10.1.2.0/24"


@pytest.mark.parametrize(
    ("fields", "code", "words"),
    [
        ({"mtu": 67}, 7, "invalid mtu 67"),
        ({"mtu": 65536}, 7, "invalid mtu 65536"),
        ({"mtu": -1}, 7, "invalid mtu -1"),
        ({"mtu": "1500"}, 6, "mtu"),
        ({"ipMasq": "yes"}, 6, "ipMasq"),
        ({"ipMasqBackend": "foo"}, 7, "foo"),
        ({"dns": {"nameservers": "10.1.2.1"}}, 6, "dns.nameservers"),
        ({"ipam": {}}, 7, "missing `ipam.type`"),
        ({"ipam": None}, 7, "missing `ipam.type`"),
        ({"ipam": {"type": "ptp"}}, 7, "the plugin itself"),
        ({"strict": True, "ipmask": True}, 2, "ipmask"),
        ({"strict": True, "dns": {"nameserver": "10.1.2.1"}}, 2, "dns.nameserver"),
    ],
)
@pytest.mark.parametrize("command", ["ADD", "CHECK", "STATUS"])
def test_a_bad_setting_is_refused_before_anything_is_made(
    host: Host,
    container: Container,
    ptp: Network,
    leases: Path,
    fields: dict[str, Any],
    code: int,
    words: str,
    command: str,
) -> None:
    conf = with_prev_result(ptp(V4, **fields), {"cniVersion": "1.1.0"})
    reply = host.call(command, conf, container)
    assert reply.code == code
    assert words in reply.output
    assert "Traceback" not in reply.errors
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])


def test_a_strict_network_takes_what_is_known(host: Host, container: Container, ptp: Network) -> None:
    conf = ptp(V4, strict=True, ipMasq=False, ipMasqBackend="nftables", mtu=1400, args={"any": 1}, dns={"domain": "a"})
    assert host.cni("ADD", conf, container)["ips"][0]["address"] == "10.1.2.2/24"


@pytest.mark.facts("plugins-main-ipam", 75)
@pytest.mark.parametrize(
    ("addresses", "msg"),
    [
        ([{"address": "10.1.2.3/24"}], "address 10.1.2.3/24 has no gateway"),
        (
            [{"address": "10.1.2.3/24", "gateway": "10.1.2.1"}, {"address": "2001:db8::3/64"}],
            "address 2001:db8::3/64 has no gateway",
        ),
        (
            [{"address": "10.1.2.3/24", "gateway": "10.1.2.3"}],
            "10.1.2.3 cannot be the gateway of 10.1.2.3/24",
        ),
        (
            [{"address": "10.1.2.3/24", "gateway": "2001:db8::1"}],
            "2001:db8::1 cannot be the gateway of 10.1.2.3/24",
        ),
    ],
)
def test_an_address_without_a_way_out(
    host: Host, container: Container, ptp: Network, addresses: list[dict[str, str]], msg: str
) -> None:
    reply = host.call("ADD", ptp(ipam={"type": "static", "addresses": addresses}), container)
    assert (reply.code, reply.object["msg"]) == (7, msg)
    assert (host.links(), container.links()) == ([], [])


@pytest.mark.facts("plugins-main-ipam", 75)
def test_ipam_is_told_to_release_an_address_without_a_gateway(host: Host, container: Container, tmp_path: Path) -> None:
    other = Double(tmp_path, "other-ipam")
    other.tell(ADD={"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.3/24"}]})
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "ptp", "ipam": {"type": "other-ipam"}}
    reply = host.call("ADD", conf, container, environ={"CNI_PATH": str(tmp_path)})
    assert (reply.code, reply.object["msg"]) == (7, "address 10.1.2.3/24 has no gateway")
    assert other.commands == ["ADD", "DEL"]


# Each step that can fail after IPAM.

NOT_ON_THE_LINK = {"dst": "10.5.0.0/16", "gw": "99.9.9.9"}
TOO_LARGE = {"dst": "10.5.0.0/16", "mtu": 1 << 32}
BREAKAGES: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "an mtu too small for IPv6": ("", {"mtu": 1000}, 7, "mtu 1000 is too small for IPv6"),
    "a route of the host's": ("ip route add 10.1.2.2/32 dev lo", {}, 102, "the host already has a route to 10.1.2.2"),
    "an IPv6 route of the host's": (
        "ip -6 route add 2001:db8::2/128 dev lo",
        {},
        102,
        "the host already has a route to 2001:db8::2",
    ),
    "a route the kernel refuses": ("", {"route": NOT_ON_THE_LINK}, 100, "ip route append 10.5.0.0/16 via 99.9.9.9"),
    "a number the kernel has no room for": ("", {"route": TOO_LARGE}, 7, "invalid mtu 4294967296"),
    "an older result that has no form": ("", {"version": "0.1.0", "twice": True}, 7, "has room for one address"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_a_failure_after_ipam_leaves_nothing(
    host: Host, container: Container, ptp: Network, leases: Path, name: str
) -> None:
    command, how, code, words = BREAKAGES[name]
    if command:
        host.sh("ip link set lo up")
        host.sh(command)
    fields = {key: value for key, value in how.items() if key in ("mtu", "version")}
    conf = ptp(V4, "2001:db8::/64", *(["10.7.0.0/24"] if "twice" in how else []), ipMasq=True, **fields)
    if "route" in how:
        conf["ipam"]["routes"] = [how["route"]]
    reply = host.call("ADD", conf, container)
    assert (reply.code, words in reply.object["msg"]) == (code, True), reply.output
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])
    assert "element" not in host.sh("nft list ruleset")


def test_a_failure_of_masquerade_leaves_nothing(host: Host, container: Container, ptp: Network, leases: Path) -> None:
    host.sh("nft add table inet poplin")
    host.sh("nft add set inet poplin masq4 { type ether_addr ; }")  # somebody else's idea of our set
    reply = host.call("ADD", ptp(V4, ipMasq=True), container)
    assert (reply.code, reply.object["msg"].partition(":")[:2]) == (5, ("ptp", ":"))
    assert "nft refuses the rules" in reply.object["msg"]
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])


def test_a_conflict_names_who_has_the_address(host: Host, ptp: Network) -> None:
    addresses = [{"address": "10.1.2.3/24", "gateway": "10.1.2.1"}]
    conf = ptp(ipam={"type": "static", "addresses": addresses})
    first, second = host.add_container(), host.add_container()
    outer = host.cni("ADD", conf, first)["interfaces"][0]["name"]
    reply = host.call("ADD", conf, second)
    assert (reply.code, reply.object["msg"]) == (102, "the host already has a route to 10.1.2.3")
    assert reply.object["details"] == f"by {outer} of mynet/{first.id}/eth0"
    assert (host.links(), second.links()) == ([outer], [])
    assert first.pings("10.1.2.1")


def test_an_interface_name_that_is_taken(host: Host, container: Container, ptp: Network, leases: Path) -> None:
    container.sh("ip link add eth0 type veth peer name eth1")
    reply = host.call("ADD", ptp(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "the container already has an interface 'eth0'")
    assert (host.links(), container.links(), lease_files(leases)) == ([], ["eth0", "eth1"], [])
    assert not (leases / "mynet").exists()


def test_names_that_others_took_on_the_host(host: Host, container: Container, ptp: Network, leases: Path) -> None:
    names = list(host_link_names(f"mynet/{container.id}/eth0"))
    with Namespace(host.path) as outside:
        for number, name in enumerate(names):
            outside.rtnl.apply(add_veth(name, f"far{number}", outside.fd), set_link(name, alias="mynet/another/eth0"))
    reply = host.call("ADD", ptp(V4), container)
    assert (reply.code, reply.object["msg"]) == (102, "no free name for the host's end of the pair")
    assert (len(host.links()), container.links(), lease_files(leases)) == (8, [], [])


def test_a_namespace_that_is_none(host: Host, container: Container, ptp: Network, leases: Path) -> None:
    reply = host.call("ADD", ptp(V4), container, environ={"CNI_NETNS": "/etc/passwd"})
    assert (reply.code, reply.object["details"]) == (8, "/etc/passwd: not a network namespace")
    assert (host.links(), lease_files(leases)) == ([], [])


def test_ipam_that_is_missing_is_named_with_where_it_was_sought(host: Host, container: Container, ptp: Network) -> None:
    reply = host.call("ADD", {**ptp(V4), "ipam": {"type": "nowhere"}}, container)
    assert "nowhere" in reply.object["msg"] and str(host.bin_dir) in reply.object["details"]
    assert host.links() == []
