"""ADD of sbr in a real namespace: rules and tables as the sheet has them, all or nothing, twice the same."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from typing import Any

import pytest
from netlab import REFERENCE, Container, Host, all_versions, check_versions, finish

from poplin.spec.versions import FAMILIES

WAY = "192.168.1.1"


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


@pytest.fixture
def inside(host: Host, container: Container) -> Iterator[Container]:
    """A container with eth0 and net1, each with an address and nothing else."""
    for name, address in (("eth0", "10.9.8.2/24"), ("net1", "192.168.1.209/24")):
        container.sh(f"ip link add {name} type veth peer name {name}p")
        container.sh(f"ip link set {name}p up")
        container.sh(f"ip link set {name} up")
        container.sh(f"ip address add {address} dev {name}")
    container.sh("ip route add default via 10.9.8.1 dev eth0")
    yield container


def result(version: str, *ips: tuple[str, str]) -> dict[str, Any]:
    """prevResult: addresses of net1, each with its gateway or without."""
    if FAMILIES[version] == "A":
        (address, gateway), *_ = ips
        return {"cniVersion": version, "ip4": {"ip": address, "gateway": gateway}}
    entries = [
        {"address": address, "interface": 1} | ({"gateway": gateway} if gateway else {}) for address, gateway in ips
    ]
    if FAMILIES[version] == "B":
        entries = [{**entry, "version": "6" if ":" in str(entry["address"]) else "4"} for entry in entries]
    interfaces = [{"name": "veth0"}, {"name": "net1", "sandbox": "/run/netns/x"}]
    return {"cniVersion": version, "interfaces": interfaces, "ips": entries}


def conf(*ips: tuple[str, str], version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
    """An sbr network's configuration as a runtime sends it."""
    previous = result(version, *(ips or (("192.168.1.209/24", WAY),)))
    return {"cniVersion": version, "name": "mynet", "type": "sbr", "prevResult": previous, **fields}


def call(host: Host, command: str, what: dict[str, Any], container: Container) -> dict[str, Any]:
    """The result of a call about net1 that must succeed."""
    return host.cni(command, what, container, environ={"CNI_IFNAME": "net1"})


def refused(host: Host, command: str, what: dict[str, Any], container: Container) -> tuple[int, str]:
    """Code, and message with details, of one that must not."""
    reply = host.call(command, what, container, environ={"CNI_IFNAME": "net1"})
    return reply.code, f"{reply.object['msg']}; {reply.object.get('details', '')}"


def rules(container: Container) -> list[str]:
    """The rules that somebody made, as `source table`."""
    listed = container.json("-4 rule show") + container.json("-6 rule show")
    return [f"{each['src']} {each['table']}" for each in listed if each["src"] != "all"]


def table(container: Container, number: int | str, family: int = 4) -> list[str]:
    """The routes of a table, without what is so of every route here."""
    lines = container.sh(f"ip -{family} route show table {number}").splitlines()
    return sorted(" ".join(word for word in line.split() if word not in ("linkdown", "onlink")) for line in lines)


def everything(container: Container) -> tuple[object, ...]:
    """All there is of rules and routes."""
    return rules(container), container.sh("ip route show table all"), container.sh("ip -6 route show table all")


ETH0 = ["10.9.8.0/24 dev eth0 proto kernel scope link src 10.9.8.2", "default via 10.9.8.1 dev eth0"]
SUBNET = "192.168.1.0/24 dev net1 proto kernel scope link src 192.168.1.209"


@facts(91)
@all_versions
def test_the_routes_move_to_a_table_of_their_own(host: Host, inside: Container, version: str) -> None:
    inside.sh("ip route add 10.50.0.0/16 via 192.168.1.7 dev net1")
    local = table(inside, "local")
    what = conf(version=version)
    told = {} if FAMILIES[version] == "C" else {"dns": {}}  # which older results always have
    assert call(host, "ADD", what, inside) == {**told, **what["prevResult"]}
    assert rules(inside) == ["192.168.1.209 100"]
    assert table(inside, 100) == [
        "10.50.0.0/16 via 192.168.1.7 dev net1",
        SUBNET,
        f"default via {WAY} dev net1 proto 112",
    ]
    assert (table(inside, "main"), table(inside, "local")) == (ETH0, local)
    assert inside.json("route get 8.8.8.8 from 192.168.1.209")[0]["gateway"] == WAY
    assert inside.json("route get 8.8.8.8 from 10.9.8.2")[0]["gateway"] == "10.9.8.1"


@facts(92)
@all_versions
def test_del_with_nothing_but_a_name_takes_the_rule_away(host: Host, inside: Container, version: str) -> None:
    call(host, "ADD", conf(), inside)
    bare = {"cniVersion": version, "name": "mynet", "type": "sbr"}
    for _ in range(2):
        assert call(host, "DEL", bare, inside) == {}
        assert rules(inside) == []


@facts(93)
def test_a_default_route_that_is_there_moves(host: Host, inside: Container) -> None:
    inside.sh(f"ip route add default via {WAY} dev net1 metric 70")
    call(host, "ADD", conf(), inside)
    assert table(inside, 100) == [SUBNET, f"default via {WAY} dev net1 metric 70"]
    assert table(inside, "main") == ETH0


@facts(94)
def test_each_address_has_a_table(host: Host, inside: Container) -> None:
    inside.sh("ip address add 192.168.101.209/24 dev net1")
    inside.sh("ip route add 10.99.0.0/16 dev net1")
    call(host, "ADD", conf(("192.168.1.209/24", WAY), ("192.168.101.209/24", "192.168.101.1")), inside)
    assert rules(inside) == ["192.168.101.209 101", "192.168.1.209 100"]
    generic = "10.99.0.0/16 dev net1 scope link"
    assert table(inside, 100) == [generic, SUBNET, f"default via {WAY} dev net1 proto 112"]
    other = "192.168.101.0/24 dev net1 proto kernel scope link src 192.168.101.209"
    assert table(inside, 101) == [generic, other, "default via 192.168.101.1 dev net1 proto 112"]
    assert table(inside, "main") == ETH0


@facts(95)
@pytest.mark.parametrize("version", ["0.2.0", "1.1.0"])
def test_it_is_for_chains_only(host: Host, inside: Container, version: str) -> None:
    before = everything(inside)
    alone = {"cniVersion": version, "name": "mynet", "type": "sbr"}
    code, text = refused(host, "ADD", alone, inside)
    assert (code, text.partition(";")[0]) == (7, "required prevResult is missing")
    code, text = refused(host, "ADD", {**alone, "prevResult": {"cniVersion": "1.1.0"}, "cniVersion": "1.1.0"}, inside)
    assert (code, text) == (7, "prevResult has no address; sbr is for an interface that has one")
    assert everything(inside) == before


@facts(96)
def test_a_table_that_is_there_is_only_pointed_to(host: Host, inside: Container) -> None:
    inside.sh("ip address add 192.168.101.209/24 dev net1")
    before = table(inside, "main")
    what = conf(("192.168.1.209/24", ""), ("192.168.101.209/24", ""), table=5000)
    call(host, "ADD", what, inside)
    assert rules(inside) == ["192.168.101.209 5000", "192.168.1.209 5000"]
    assert table(inside, "main") == before
    assert "table 5000" not in inside.sh("ip route show table all")
    inside.sh("ip rule add from 192.168.1.209 lookup 77")
    call(host, "CHECK", what, inside)
    call(host, "DEL", what, inside)
    assert rules(inside) == ["192.168.1.209 77"]


@facts(97)
def test_a_gateway_of_the_settings_comes_before_that_of_the_result(host: Host, inside: Container) -> None:
    inside.sh(f"ip route add default via {WAY} dev net1 metric 70")
    call(host, "ADD", conf(gateways=["192.168.1.254"]), inside)
    assert table(inside, 100) == [SUBNET, "default via 192.168.1.254 dev net1 proto 112"]


@facts(98, 99)
@pytest.mark.parametrize("gateways", [["fd00::1"], ["192.168.1.254", "fd00::1"]], ids=["one", "both"])
def test_both_families(host: Host, inside: Container, gateways: list[str]) -> None:
    inside.sh("ip address add fd00::9/64 dev net1 nodad")
    call(host, "ADD", conf(("192.168.1.209/24", WAY), ("fd00::9/64", ""), gateways=gateways), inside)
    assert sorted(rules(inside)) == ["192.168.1.209 100", "fd00::9 101"]
    assert table(inside, 100)[-1] == f"default via {gateways[0] if len(gateways) == 2 else WAY} dev net1 proto 112"
    (way,) = (line for line in table(inside, 101, 6) if line.startswith("default"))
    assert way.startswith("default via fd00::1 dev net1 proto 112")
    assert not any("dev net1" in line and not line.startswith("fe80::") for line in table(inside, "main", 6))


def test_link_local_addresses_stay_within_reach(host: Host, inside: Container) -> None:
    inside.sh("ip address add fd00::9/64 dev net1 nodad")
    call(host, "ADD", conf(("fd00::9/64", "fd00::1")), inside)
    for number in ("main", 100):
        assert any(line.startswith("fe80::/64 dev net1") for line in table(inside, number, 6))


@facts(100)
@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({"gateways": ["10.0.0.1", "10.0.0.2"]}, 7, "two gateways for IPv4: 10.0.0.1, 10.0.0.2; remove one of them"),
        ({"gateways": ["10.0.0.1", "fd00::1", "fd00::2"]}, 7, "too many gateways: 10.0.0.1, fd00::1, fd00::2; "),
        ({"gateways": ["10.0.0.999"]}, 7, "invalid gateway '10.0.0.999'; '10.0.0.999' is not an IP address"),
        ({"table": 0}, 7, "invalid table 0; it can be 1 to 4294967295"),
        ({"table": 1 << 32}, 7, "invalid table 4294967296; it can be 1 to 4294967295"),
        ({"table": "100"}, 6, "cannot decode `table`; expected an integer"),
    ],
)
def test_bad_settings_touch_nothing(
    host: Host, inside: Container, fields: dict[str, Any], code: int, text: str
) -> None:
    before = everything(inside)
    for command in ("ADD", "CHECK", "STATUS"):
        found, said = refused(host, command, conf(**fields), inside)
        assert found == code
        assert said.startswith(text)
    assert everything(inside) == before


@facts(101)
def test_with_hints_the_network_stays_in_the_main_table(host: Host, inside: Container) -> None:
    inside.sh("ip route add 10.50.0.0/16 via 192.168.1.7 dev net1")
    call(host, "ADD", conf(addSourceHints=True), inside)
    assert table(inside, "main") == sorted([*ETH0, SUBNET]), "the kernel's own says which source"
    moved = ["10.50.0.0/16 via 192.168.1.7 dev net1", SUBNET, f"default via {WAY} dev net1 proto 112"]
    assert table(inside, 100) == moved


def test_hints_where_the_kernel_gives_none(host: Host, inside: Container) -> None:
    inside.sh("ip address add fd00::9/64 dev net1 nodad")
    inside.sh("ip address add 192.168.1.210/24 dev net1")
    ips = (("192.168.1.210/24", WAY), ("fd00::9/64", "fd00::1"))
    for _ in range(2):
        call(host, "ADD", conf(*ips, addSourceHints=True), inside)
        hint = "192.168.1.0/24 dev net1 proto 112 scope link src 192.168.1.210"
        assert table(inside, "main") == sorted([*ETH0, SUBNET, hint])
        assert inside.json("-6 route get fd00::77")[0]["prefsrc"] == "fd00::9"
        assert not any("src fd00::9" in line for line in table(inside, 101, 6))


def test_add_again_changes_nothing(host: Host, inside: Container) -> None:
    call(host, "ADD", conf(), inside)
    before = everything(inside)
    call(host, "ADD", conf(), inside)
    assert everything(inside) == before


def test_add_again_with_another_gateway_is_obeyed(host: Host, inside: Container) -> None:
    call(host, "ADD", conf(), inside)
    call(host, "ADD", conf(gateways=["192.168.1.254"]), inside)
    assert rules(inside) == ["192.168.1.209 100"]
    assert table(inside, 100) == [SUBNET, "default via 192.168.1.254 dev net1 proto 112"]


def test_tables_that_others_use_are_left_to_them(host: Host, inside: Container) -> None:
    inside.sh("ip rule add from 10.9.8.2 lookup 100")
    inside.sh("ip route add 10.77.0.0/16 dev eth0 table 101")
    call(host, "ADD", conf(), inside)
    assert sorted(rules(inside)) == ["10.9.8.2 100", "192.168.1.209 102"]


def test_a_failed_add_puts_everything_back(host: Host, inside: Container) -> None:
    inside.sh("ip route add 10.50.0.0/16 via 192.168.1.7 dev net1")
    inside.sh(f"ip route add default via {WAY} dev net1 metric 70")
    before = everything(inside)
    code, text = refused(host, "ADD", conf(gateways=["172.31.0.1"]), inside)
    assert code == 100
    assert "ip route replace default via 172.31.0.1 dev net1 proto 112 table 100" in text
    assert everything(inside) == before


@pytest.fixture
def both_ways(inside: Container) -> Container:
    """The same, with a default route of each IP version by each interface."""
    for name, address in (("eth0", "fd00:8::2/64"), ("net1", "fd00:9::2/64")):
        inside.sh(f"ip address add {address} dev {name} nodad")
    inside.sh(f"ip route append default via {WAY} dev net1 proto 112")
    for name, gateway in (("eth0", "fd00:8::1"), ("net1", "fd00:9::1")):
        inside.sh(f"ip -6 route append default via {gateway} dev {name} proto 112")
    return inside


def test_a_failed_add_leaves_the_routes_of_others_too(host: Host, both_ways: Container) -> None:
    before = everything(both_ways)
    what = conf(("192.168.1.209/24", WAY), ("fd00:9::2/64", "fd00:9::1"), gateways=["203.0.113.9"])
    assert refused(host, "ADD", what, both_ways)[0] == 100
    assert everything(both_ways) == before


def test_only_its_own_default_routes_move(host: Host, both_ways: Container) -> None:
    call(host, "ADD", conf(("192.168.1.209/24", WAY), ("fd00:9::2/64", "fd00:9::1")), both_ways)
    assert table(both_ways, "main") == ETH0
    assert [line for line in table(both_ways, "main", 6) if "default" in line or "nexthop" in line] == [
        "default via fd00:8::1 dev eth0 proto 112 metric 1024 pref medium"
    ]


def test_a_route_with_several_next_hops_stays(host: Host, inside: Container) -> None:
    inside.sh(f"ip route replace default nexthop via {WAY} dev net1 nexthop via 10.9.8.1 dev eth0")
    before = inside.sh("ip route show default")
    call(host, "ADD", conf(), inside)
    assert inside.sh("ip route show default") == before
    assert f"default via {WAY} dev net1" in table(inside, 100)[-1]


def test_a_rule_of_somebody_else_about_the_address_is_none_of_ours(host: Host, inside: Container) -> None:
    inside.sh("ip rule add from 192.168.1.209 lookup main")
    call(host, "ADD", conf(), inside)
    assert sorted(rules(inside)) == ["192.168.1.209 100", "192.168.1.209 main"]
    assert table(inside, "main") == ETH0
    call(host, "DEL", conf(), inside)
    assert rules(inside) == ["192.168.1.209 main"]


def test_the_settings_of_the_last_add_count(host: Host, inside: Container) -> None:
    inside.sh("ip route add default via 192.168.1.77 dev net1 table 50")
    for number, fields in ((50, {"table": 50}), (51, {"table": 51}), (100, {})):
        call(host, "ADD", conf(**fields), inside)
        assert rules(inside) == [f"192.168.1.209 {number}"]
    assert table(inside, 50) == ["default via 192.168.1.77 dev net1"]
    call(host, "DEL", conf(), inside)
    assert rules(inside) == []


def test_del_comes_through_whoever_holds_the_namespace(host: Host, inside: Container) -> None:
    call(host, "ADD", conf(), inside)
    with open(inside.path) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        call(host, "DEL", conf(), inside)
    assert rules(inside) == []


def test_the_interface_has_to_be_there(host: Host, inside: Container) -> None:
    inside.sh("ip link delete net1")
    code, text = refused(host, "ADD", conf(), inside)
    assert (code, text) == (7, "the container has no interface 'net1'; a plugin before this one has to make it")
    assert refused(host, "CHECK", conf(), inside)[1].startswith("interface 'net1' is gone from the container")
    assert call(host, "DEL", conf(), inside) == {}


@pytest.mark.parametrize("environ", [{"CNI_NETNS": ""}, {"CNI_NETNS": "/run/netns/gone"}], ids=["none", "gone"])
def test_del_without_the_namespace(host: Host, inside: Container, environ: dict[str, str]) -> None:
    assert host.cni("DEL", conf(), inside, environ={"CNI_IFNAME": "net1", **environ}) == {}


def test_del_after_the_addresses_are_gone(host: Host, inside: Container) -> None:
    call(host, "ADD", conf(), inside)
    inside.sh("ip address flush dev net1")
    call(host, "DEL", conf(), inside)
    assert rules(inside) == []


def test_del_leaves_the_rules_of_others(host: Host, inside: Container) -> None:
    call(host, "ADD", conf(), inside)
    inside.sh("ip rule add from 192.168.1.209 to 10.1.1.1 lookup 300")
    inside.sh("ip rule add from 10.9.8.2 lookup 301")
    call(host, "DEL", conf(), inside)
    assert sorted(rules(inside)) == ["10.9.8.2 301", "192.168.1.209 300"]


@check_versions
def test_check_compares(host: Host, inside: Container, version: str) -> None:
    what = conf(version=version)
    call(host, "ADD", what, inside)
    assert call(host, "CHECK", what, inside) == {}
    inside.sh("ip route delete default table 100")
    missing = f"the default route via {WAY} is missing from table 100; there is none"
    assert refused(host, "CHECK", what, inside) == (103, missing)
    inside.sh("ip rule delete from 192.168.1.209")
    gone = "the routing rule for packets from 192.168.1.209 is missing; it leads to a table of its own"
    assert refused(host, "CHECK", what, inside) == (103, gone)


def test_two_at_once_have_different_tables(host: Host, inside: Container) -> None:
    for number in range(2, 8):
        name = f"net{number}"
        inside.sh(f"ip link add {name} type veth peer name {name}p")
        inside.sh(f"ip link set {name}p up")
        inside.sh(f"ip link set {name} up")
        inside.sh(f"ip address add 192.168.{number}.9/24 dev {name}")

    def what(number: int) -> dict[str, Any]:
        made = conf((f"192.168.{number}.9/24", f"192.168.{number}.1"))
        made["prevResult"]["interfaces"][1]["name"] = f"net{number}"
        return made

    confs = {number: what(number) for number in range(2, 8)}
    started = {
        number: host.start("ADD", each, inside, environ={"CNI_IFNAME": f"net{number}"})
        for number, each in confs.items()
    }
    assert [finish(process, confs[number]).status for number, process in started.items()] == [0] * 6
    numbers = sorted(int(line.split()[1]) for line in rules(inside))
    assert numbers == [100, 101, 102, 103, 104, 105]


@pytest.mark.parametrize("theirs_first", [True, False], ids=["theirs, then ours", "ours, then theirs"])
def test_switching(host: Host, inside: Container, theirs_first: bool) -> None:
    folders = {True: REFERENCE, False: host.bin_dir}
    what = conf(version="1.0.0")

    def by(theirs: bool, command: str) -> None:
        host.cni(command, what, inside, bin_dir=folders[theirs], environ={"CNI_IFNAME": "net1"})

    by(theirs_first, "ADD")
    assert table(inside, 100)[0].startswith(SUBNET.split(" proto")[0])
    for theirs in (True, False):
        by(theirs, "CHECK")
    by(not theirs_first, "DEL")
    assert rules(inside) == []
