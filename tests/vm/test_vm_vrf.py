"""vrf on a kernel that has it: what ADD makes and the other verbs find."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from netlab import REFERENCE, Container, Host, all_versions, check_versions

from poplin.spec.versions import FAMILIES


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def add_interface(inside: Container, name: str, *addresses: str) -> None:
    """An interface that is up, with these addresses; the other end of its wire is there too."""
    inside.sh(f"ip link add {name} type veth peer name {name}p")
    inside.sh(f"ip link set {name}p up")
    inside.sh(f"ip link set {name} up")
    for address in addresses:
        inside.sh(f"ip address add {address} dev {name}" + (" nodad" if ":" in address else ""))


@pytest.fixture
def inside(container: Container) -> Container:
    """A container with eth0, of both IP versions."""
    add_interface(container, "eth0", "10.1.2.2/24", "fd00:1::2/64")
    return container


def conf(version: str = "1.1.0", ifname: str = "eth0", **fields: Any) -> dict[str, Any]:
    """A network's configuration as a runtime sends it."""
    previous: dict[str, Any] = {"cniVersion": version, "ip4": {"ip": "10.1.2.2/24"}}
    if FAMILIES[version] != "A":
        of_family = {"version": "4"} if FAMILIES[version] == "B" else {}
        ips = [{"address": "10.1.2.2/24", "interface": 0, **of_family}]
        interfaces = [{"name": ifname, "sandbox": "/run/netns/x"}]
        previous = {"cniVersion": version, "interfaces": interfaces, "ips": ips}
    named = {"vrfname": "red", **fields}
    return {"cniVersion": version, "name": "mynet", "type": "vrf", "prevResult": previous, **named}


def call(host: Host, command: str, what: dict[str, Any], inside: Container, ifname: str = "eth0") -> dict[str, Any]:
    """The result of a call that must succeed."""
    return host.cni(command, what, inside, environ={"CNI_IFNAME": ifname})


def refused(host: Host, command: str, what: dict[str, Any], inside: Container) -> tuple[int, str]:
    """Code, and message with details, of one that must not."""
    reply = host.call(command, what, inside)
    return reply.code, f"{reply.object['msg']}; {reply.object.get('details', '')}"


def vrfs(inside: Container) -> dict[str, tuple[int, list[str]]]:
    """Each VRF's table and its interfaces."""
    found = {each["ifname"]: each["linkinfo"]["info_data"]["table"] for each in inside.json("-d link show type vrf")}
    ports = {name: sorted(each["ifname"] for each in inside.json(f"link show master {name}")) for name in found}
    return {name: (table, ports[name]) for name, table in found.items()}


def routes(inside: Container, table: int | str, family: int = 4) -> list[str]:
    """The routes by a gateway in a table."""
    listed = inside.sh(f"ip -{family} route show table {table}").splitlines()
    return sorted(line.split(" pref ")[0].strip() for line in listed if " via " in line)


@facts(102)
@all_versions
def test_the_vrf_is_made_and_the_interface_is_in_it(host: Host, inside: Container, version: str) -> None:
    what = conf(version)
    told = {} if FAMILIES[version] == "C" else {"dns": {}}  # which older results always have
    assert call(host, "ADD", what, inside) == {**told, **what["prevResult"]}
    assert vrfs(inside) == {"red": (1, ["eth0"])}
    (shown,) = inside.json("link show dev red")
    assert (shown["ifalias"], "UP" in shown["flags"]) == ("poplin vrf", True)


@facts(103)
def test_addresses_and_routes_come_along(host: Host, inside: Container) -> None:
    inside.sh("ip route add 10.50.0.0/16 via 10.1.2.1")
    inside.sh("ip -6 route add fd00:50::/48 via fd00:1::1")
    call(host, "ADD", conf(table=1001), inside)
    assert inside.addresses("eth0") == ["10.1.2.2/24", "fd00:1::2/64"]
    assert routes(inside, 1001) == ["10.50.0.0/16 via 10.1.2.1 dev eth0"]
    assert routes(inside, 1001, 6) == ["fd00:50::/48 via fd00:1::1 dev eth0 metric 1024"]
    assert (routes(inside, "main"), routes(inside, "main", 6)) == ([], [])


@facts(104)
def test_only_its_own_routes_move_and_keep_their_metric(host: Host, inside: Container) -> None:
    add_interface(inside, "eth1", "10.9.8.2/24")
    inside.sh("ip route add default via 10.9.8.1 dev eth1")
    inside.sh("ip route add 10.50.0.0/16 via 10.1.2.1 dev eth0 metric 77")
    call(host, "ADD", conf(table=1001), inside)
    assert routes(inside, 1001) == ["10.50.0.0/16 via 10.1.2.1 dev eth0 metric 77"]
    assert routes(inside, "main") == ["default via 10.9.8.1 dev eth1"]


@facts(105)
def test_an_interface_with_another_master_is_refused(host: Host, inside: Container) -> None:
    inside.sh("ip link add br5 type bridge")
    inside.sh("ip link set eth0 master br5")
    expected = "interface 'eth0' has the master 'br5' already; a bridge; it cannot be in VRF 'red' as well"
    assert refused(host, "ADD", conf(), inside) == (102, expected)
    assert vrfs(inside) == {}


@facts(106)
def test_two_interfaces_in_one_vrf(host: Host, inside: Container) -> None:
    add_interface(inside, "eth1", "10.9.8.2/24", "fd00:9::2/64")
    for name in ("eth0", "eth1"):
        call(host, "ADD", conf(ifname=name), inside, name)
    assert vrfs(inside) == {"red": (1, ["eth0", "eth1"])}
    assert inside.addresses("eth0") == ["10.1.2.2/24", "fd00:1::2/64"]
    assert inside.addresses("eth1") == ["10.9.8.2/24", "fd00:9::2/64"]


def test_each_keeps_its_default_route_in_a_vrf_they_share(host: Host, inside: Container) -> None:
    add_interface(inside, "eth1", "10.9.8.2/24")
    inside.sh("ip route add default via 10.1.2.1 dev eth0")
    inside.sh("ip route append default via 10.9.8.1 dev eth1")
    for name in ("eth0", "eth1"):
        call(host, "ADD", conf(ifname=name), inside, name)
    assert routes(inside, 1) == ["default via 10.1.2.1 dev eth0", "default via 10.9.8.1 dev eth1"]


@pytest.mark.parametrize("name", [5, "a/b", "x" * 16])
def test_del_with_a_name_that_add_would_refuse(host: Host, inside: Container, name: object) -> None:
    assert call(host, "DEL", conf(vrfname=name), inside) == {}


@facts(107)
def test_the_same_address_in_two_vrfs(host: Host, inside: Container) -> None:
    add_interface(inside, "eth1")
    call(host, "ADD", conf(), inside)
    for address in ("10.1.2.2/24", "fd00:1::2/64"):
        inside.sh(f"ip address add {address} dev eth1" + (" nodad" if ":" in address else ""))
    call(host, "ADD", conf(vrfname="blue", ifname="eth1"), inside, "eth1")
    assert vrfs(inside) == {"red": (1, ["eth0"]), "blue": (2, ["eth1"])}
    assert inside.addresses("eth0") == inside.addresses("eth1") == ["10.1.2.2/24", "fd00:1::2/64"]


@facts(108)
@pytest.mark.parametrize(
    ("vrfname", "table", "text"),
    [
        ("red", 1001, ""),
        ("red", 1002, "VRF 'red' has table 1001, not 1002; use its table or another VRF"),
        ("blue", 1001, ""),
    ],
)
def test_tables_that_are_asked_for(host: Host, inside: Container, vrfname: str, table: int, text: str) -> None:
    add_interface(inside, "eth1")
    call(host, "ADD", conf(table=1001), inside)
    what = conf(ifname="eth1", vrfname=vrfname, table=table)
    reply = host.call("ADD", what, inside, environ={"CNI_IFNAME": "eth1"})
    if not text:
        assert reply.status == 0
        assert vrfs(inside)[vrfname] == (1001, ["eth0", "eth1"] if vrfname == "red" else ["eth1"])
    else:
        assert (reply.code, f"{reply.object['msg']}; {reply.object['details']}") == (102, text)
        assert vrfs(inside) == {"red": (1001, ["eth0"])}


@facts(109, 115)
def test_the_vrf_goes_with_the_last(host: Host, inside: Container) -> None:
    add_interface(inside, "eth1")
    for name in ("eth0", "eth1"):
        call(host, "ADD", conf(ifname=name), inside, name)
    call(host, "DEL", conf(), inside)
    assert vrfs(inside) == {"red": (1, ["eth1"])}
    for _ in range(2):
        call(host, "DEL", conf(ifname="eth1"), inside, "eth1")
        assert vrfs(inside) == {}


@facts(111)
@check_versions
def test_a_cycle(host: Host, inside: Container, version: str) -> None:
    what = conf(version)
    call(host, "ADD", what, inside)
    call(host, "ADD", what, inside)
    assert call(host, "CHECK", what, inside) == {}
    assert call(host, "DEL", {key: what[key] for key in ("cniVersion", "name", "type", "vrfname")}, inside) == {}
    assert vrfs(inside) == {}


@facts(112)
@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL", "STATUS"])
def test_without_a_name(host: Host, inside: Container, command: str) -> None:
    expected = (7, "configuration is expected to have a valid vrf name; set `vrfname`")
    assert refused(host, command, conf(vrfname=""), inside) == expected


def test_a_name_that_is_no_vrf(host: Host, inside: Container) -> None:
    inside.sh("ip link add red type bridge")
    expected = "'red' is no VRF; it is a bridge of the container; use another `vrfname`"
    assert refused(host, "ADD", conf(), inside) == (102, expected)
    assert refused(host, "CHECK", conf(), inside)[0] == 103
    call(host, "DEL", conf(), inside)
    assert inside.has_link("red")


def test_a_vrf_of_somebody_else_stays(host: Host, inside: Container) -> None:
    inside.sh("ip link add red type vrf table 7")
    inside.sh("ip link set red alias mine up")
    call(host, "ADD", conf(), inside)
    assert vrfs(inside) == {"red": (7, ["eth0"])}
    call(host, "DEL", conf(), inside)
    assert vrfs(inside) == {"red": (7, [])}


def test_routes_on_the_link_come_along(host: Host, inside: Container) -> None:
    inside.sh("ip route add 172.31.0.1/32 dev eth0 scope link")
    inside.sh("ip route add 10.50.0.0/16 via 172.31.0.1 dev eth0")
    call(host, "ADD", conf(table=9), inside)
    assert routes(inside, 9) == ["10.50.0.0/16 via 172.31.0.1 dev eth0"]
    assert "172.31.0.1 dev eth0 scope link" in inside.sh("ip route show table 9")


def test_without_the_interface_no_vrf_is_made(host: Host, inside: Container) -> None:
    reply = host.call("ADD", conf(ifname="eth7"), inside, environ={"CNI_IFNAME": "eth7"})
    assert (reply.code, reply.object["msg"]) == (7, "the container has no interface 'eth7'")
    assert vrfs(inside) == {}


GONE: dict[str, Callable[[Container], object]] = {
    "the interface": lambda inside: inside.sh("ip link delete eth0"),
    "the VRF": lambda inside: inside.sh("ip link delete red"),
    "the namespace": lambda inside: inside.remove(),
}


@pytest.mark.parametrize("gone", GONE)
def test_del_whatever_is_gone(host: Host, inside: Container, gone: str) -> None:
    call(host, "ADD", conf(), inside)
    GONE[gone](inside)
    assert call(host, "DEL", conf(), inside) == {}
    if gone != "the namespace":
        assert vrfs(inside) == {}
        assert refused(host, "CHECK", conf(), inside)[0] == 103


DRIFTS = {
    "ip link set eth0 nomaster": "interface 'eth0' is not in VRF 'red'; its packets take the main table",
    "ip link set red down": "VRF 'red' is down; its routes lead nowhere",
    "ip link delete red": "VRF 'red' is gone from the container; 'eth0' was in it",
    "ip link delete eth0": "interface 'eth0' is gone from the container; it was in VRF 'red'",
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_check_says_what_drifted(host: Host, inside: Container, drift: str) -> None:
    call(host, "ADD", conf(), inside)
    inside.sh(drift)
    assert refused(host, "CHECK", conf(), inside) == (103, DRIFTS[drift])


def test_status_asks_the_kernel_and_leaves_nothing(host: Host, inside: Container) -> None:
    before = host.links()
    assert host.cni("STATUS", conf()) == {}
    assert host.links() == before


@pytest.mark.parametrize("theirs_first", [True, False], ids=["theirs, then ours", "ours, then theirs"])
def test_switching(host: Host, inside: Container, theirs_first: bool) -> None:
    folders = {True: REFERENCE, False: host.bin_dir}

    def by(theirs: bool, command: str) -> dict[str, Any]:
        return host.cni(command, conf("1.0.0"), inside, bin_dir=folders[theirs])

    by(theirs_first, "ADD")
    for theirs in (True, False):
        by(theirs, "CHECK")
    by(not theirs_first, "DEL")
    assert vrfs(inside) == {}
