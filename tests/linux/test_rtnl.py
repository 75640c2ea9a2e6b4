"""The verbs on the real kernel, each effect as ip(8) tells it."""

from __future__ import annotations

from collections.abc import Iterator
from errno import EEXIST, ENODEV, EOPNOTSUPP
from typing import Any

import pytest
from netlab import Container

from poplin.linux.netlink import NetlinkError, Request
from poplin.linux.netns import Namespace
from poplin.linux.rtnl import Rtnl
from poplin.linux.wire import route
from poplin.linux.wire.addr import add_address, delete_address
from poplin.linux.wire.bridge import add_bridge, has_hairpin, is_isolated, set_port
from poplin.linux.wire.link import Link, parse_mac, set_link
from poplin.linux.wire.macvlan import add_macvlan
from poplin.linux.wire.neigh import Neighbour, delete_neighbour, set_neighbour
from poplin.linux.wire.route import RT_SCOPE_LINK, RTM_GETROUTE, RouteEntry, add_route, append_route, delete_route
from poplin.linux.wire.upper import Upper
from poplin.linux.wire.veth import add_veth
from poplin.spec.address import parse_ip, parse_prefix

MAC = parse_mac("02:00:00:00:00:01")


@pytest.fixture
def inside(container: Container) -> Iterator[Namespace]:
    """The container's namespace, opened."""
    with Namespace(container.path) as namespace:
        yield namespace


@pytest.fixture
def rtnl(inside: Namespace) -> Rtnl:
    return inside.rtnl


@pytest.fixture
def wire(inside: Namespace) -> Link:
    """`d0`, up and wired to its peer `d1` in the same namespace, with 10.1.2.3/24 and 2001:db8::3/64."""
    rtnl = inside.rtnl
    rtnl.apply(add_veth("d0", "d1", inside.fd), set_link("d1", up=True), set_link("d0", up=True))
    link = rtnl.get_link("d0")
    rtnl.apply(*(add_address("d0", link.index, parse_prefix(each)) for each in ("10.1.2.3/24", "2001:db8::3/64")))
    return link


def show(container: Container, name: str) -> dict[str, Any]:
    """What ip(8) knows of a link."""
    return container.json(f"-details link show dev {name}")[0]


def show_routes(container: Container, table: int | str = "main", family: int = 4) -> list[dict[str, Any]]:
    """The routes we made in a table."""
    return container.json(f"-{family} route show table {table} proto 112")


# Links.


def test_bridge_has_the_mac_and_mtu_it_was_made_with(container: Container, rtnl: Rtnl) -> None:
    rtnl.apply(add_bridge("br0", MAC, mtu=1400), set_link("br0", up=True))
    shown = show(container, "br0")
    assert (shown["address"], shown["mtu"], shown["linkinfo"]["info_kind"]) == ("02:00:00:00:00:01", 1400, "bridge")
    found = rtnl.get_link("br0")
    assert (found.index, found.mac, found.mtu, found.kind, found.is_up) == (
        shown["ifindex"],
        "02:00:00:00:00:01",
        1400,
        "bridge",
        True,
    )


@pytest.mark.facts("plugins-main-ipam", 222, 224)
def test_veth_is_born_with_its_far_end_in_the_other_namespace(host, container: Container, inside: Namespace) -> None:
    with Namespace(host.path) as outside:
        outside.rtnl.apply(add_veth("veth0", "eth0", inside.fd, mtu=1400, peer_mac=MAC))
        near, far = outside.rtnl.get_link("veth0"), inside.rtnl.get_link("eth0")
    assert (near.link, far.link) == (far.index, near.index)
    assert (near.kind, far.kind, near.is_up, far.is_up) == ("veth", "veth", False, False)
    assert (show(container, "eth0")["address"], show(container, "eth0")["mtu"]) == ("02:00:00:00:00:01", 1400)
    assert (show(host, "veth0")["mtu"], host.mac("veth0") == "02:00:00:00:00:01") == (1400, False)


def test_macvlan_is_born_in_the_other_namespace(host, container: Container, inside: Namespace) -> None:
    host.sh("ip link add lower type veth peer name lower2")
    with Namespace(host.path) as outside:
        lower = outside.rtnl.get_link("lower")
        outside.rtnl.apply(add_macvlan(Upper("eth0", lower, inside.fd, mtu=1300, mac=MAC), "private"))
    shown = show(container, "eth0")
    assert (shown["linkinfo"]["info_data"]["mode"], shown["mtu"], shown["address"]) == (
        "private",
        1300,
        "02:00:00:00:00:01",
    )
    assert host.links() == ["lower", "lower2"]
    assert inside.rtnl.get_link("eth0").netnsid is not None


def test_set_link_changes_what_it_says_and_nothing_else(container: Container, rtnl: Rtnl, wire: Link) -> None:
    rtnl.apply(add_bridge("br0", MAC))
    bridge = rtnl.get_link("br0")
    rtnl.apply(set_link("d0", wire.index, promisc=True, alias="net/c1/eth0", master=bridge.index, group=7))
    shown = show(container, "d0")
    assert (shown["ifalias"], shown["master"], shown["group"]) == ("net/c1/eth0", "br0", "7")
    assert {"UP", "PROMISC"} <= set(shown["flags"])
    found = rtnl.get_link("d0")
    assert (found.alias, found.master, found.promiscuity >= 1) == ("net/c1/eth0", bridge.index, True)
    rtnl.apply(set_link("d0", wire.index, up=False, mac=MAC))
    shown = show(container, "d0")
    assert ("UP" in shown["flags"], "PROMISC" in shown["flags"]) == (False, True)
    assert (shown["address"], shown["ifalias"]) == ("02:00:00:00:00:01", "net/c1/eth0")


@pytest.mark.parametrize("hairpin, isolated", [(True, False), (False, True)])
def test_port_switches_are_set_and_read(
    container: Container, rtnl: Rtnl, wire: Link, hairpin: bool, isolated: bool
) -> None:
    rtnl.apply(add_bridge("br0", MAC))
    rtnl.apply(set_link("d0", wire.index, master=rtnl.get_link("br0").index))
    rtnl.apply(set_port("d0", wire.index, hairpin=hairpin, isolated=isolated))
    data = show(container, "d0")["linkinfo"]["info_slave_data"]
    assert (data["hairpin"], data["isolated"]) == (hairpin, isolated)
    port = rtnl.get_link("d0")
    assert (has_hairpin(port), is_isolated(port)) == (hairpin, isolated)


def test_link_is_found_by_name_and_by_number(rtnl: Rtnl, wire: Link) -> None:
    assert rtnl.find_link("d0") == rtnl.find_link_by_index(wire.index) == rtnl.get_link("d0")
    assert (rtnl.find_link("gone"), rtnl.find_link_by_index(4242)) == (None, None)


@pytest.mark.facts("plugins-main-ipam", 225)
def test_missing_link_is_an_error_that_says_so(rtnl: Rtnl) -> None:
    with pytest.raises(NetlinkError, match=r"^ip link show dev gone: No such device$") as caught:
        rtnl.get_link("gone")
    assert caught.value.errno == ENODEV


def test_links_are_listed_by_kind_and_by_master(container: Container, rtnl: Rtnl, wire: Link) -> None:
    rtnl.apply(add_bridge("br0", MAC))
    bridge = rtnl.get_link("br0")
    rtnl.apply(set_link("d1", master=bridge.index))
    assert {each.name for each in rtnl.list_links()} == {link["ifname"] for link in container.json("link show")}
    assert {each.name for each in rtnl.list_links("veth")} == {"d0", "d1"}
    assert [each.name for each in rtnl.list_links("bridge")] == ["br0"]
    assert [each.name for each in rtnl.list_links(master=bridge.index)] == ["d1"]


def test_apply_goes_on_after_a_refusal_and_raises_the_first(container: Container, rtnl: Rtnl) -> None:
    refused = (set_link("gone", up=True), add_bridge("br0", MAC), add_bridge("br0", MAC))
    with pytest.raises(NetlinkError, match="ip link set dev gone up: No such device"):
        rtnl.apply(*refused)
    assert container.links() == ["br0"]


def test_ensure_does_it_once(container: Container, rtnl: Rtnl) -> None:
    assert (rtnl.ensure(add_bridge("br0", MAC)), rtnl.ensure(add_bridge("br0", MAC))) == (True, False)
    assert container.links() == ["br0"]
    with pytest.raises(NetlinkError, match="No such device"):
        rtnl.ensure(set_link("gone", up=True))


@pytest.mark.facts("plugins-main-ipam", 225)
def test_removing_one_end_of_a_pair_removes_both(host, container: Container, inside: Namespace) -> None:
    with Namespace(host.path) as outside:
        outside.rtnl.apply(add_veth("veth0", "eth0", inside.fd))
        assert (inside.rtnl.remove_link("eth0"), inside.rtnl.remove_link("eth0")) == (True, False)
    assert (host.links(), container.links()) == ([], [])


def test_link_is_removed_by_its_number_whatever_its_name_is(container: Container, rtnl: Rtnl, wire: Link) -> None:
    container.sh("ip link set d0 down")
    container.sh("ip link set d0 name renamed")
    assert rtnl.remove_link("d0", wire.index) is True
    assert container.links() == []


@pytest.mark.parametrize("count", [0, 1, 2, 20])
def test_removing_many_links_leaves_the_others_alone(host, container: Container, inside: Namespace, count: int) -> None:
    host.sh("ip link add foreign type veth peer name foreign2")
    host.sh("ip link add grouped group 77 type bridge")
    with Namespace(host.path) as outside:
        outside.rtnl.apply(*(add_veth(f"veth{n}", f"eth{n}", inside.fd) for n in range(count)))
        ours = [each for each in outside.rtnl.list_links("veth") if each.name.startswith("veth")]
        outside.rtnl.remove_links(ours)
        outside.rtnl.remove_links(ours)
    assert host.links() == ["foreign", "foreign2", "grouped"]
    assert container.links() == []


def test_removing_many_links_goes_past_those_already_gone(host, inside: Namespace) -> None:
    with Namespace(host.path) as outside:
        outside.rtnl.apply(*(add_veth(f"veth{n}", f"eth{n}", inside.fd) for n in range(3)))
        ours = outside.rtnl.list_links("veth")
        inside.rtnl.remove_link("eth1")
        outside.rtnl.remove_links(ours)
    assert host.links() == []


# Addresses.


def test_addresses_are_as_ip_tells_them(container: Container, rtnl: Rtnl, wire: Link) -> None:
    assert container.addresses("d0") == ["10.1.2.3/24", "2001:db8::3/64"]
    infos = container.json("address show dev d0")[0]["addr_info"]
    assert infos[0]["broadcast"] == "10.1.2.255"
    assert [info.get("nodad") for info in infos if info["local"] == "2001:db8::3"] == [True]
    found = rtnl.list_addresses(wire.index)
    assert [str(each.prefix) for each in found if each.is_global] == ["10.1.2.3/24", "2001:db8::3/64"]
    assert sorted(str(each.prefix) for each in found) == sorted(f"{i['local']}/{i['prefixlen']}" for i in infos)


def test_addresses_are_listed_by_link_and_by_family(rtnl: Rtnl, wire: Link) -> None:
    lo = rtnl.get_link("lo")
    rtnl.apply(set_link("lo", lo.index, up=True))
    assert [str(each.prefix) for each in rtnl.list_addresses(lo.index)] == ["127.0.0.1/8", "::1/128"]
    assert [str(each.prefix) for each in rtnl.list_addresses(wire.index, 2)] == ["10.1.2.3/24"]
    assert {each.index for each in rtnl.list_addresses()} >= {lo.index, wire.index}


@pytest.mark.facts("plugins-main-ipam", 225)
def test_link_without_addresses_has_an_empty_list(rtnl: Rtnl) -> None:
    rtnl.apply(add_bridge("br0", MAC))
    assert rtnl.list_addresses(rtnl.get_link("br0").index) == []


@pytest.mark.parametrize("text", ["10.1.2.3/24", "2001:db8::3/64"])
def test_address_is_refused_twice_and_deleted_once(container: Container, rtnl: Rtnl, wire: Link, text: str) -> None:
    prefix = parse_prefix(text)
    assert rtnl.ensure(add_address("d0", wire.index, prefix)) is False
    rtnl.apply(delete_address("d0", wire.index, prefix))
    assert text not in container.addresses("d0")
    with pytest.raises(NetlinkError, match=f"^ip address delete {text} dev d0: Cannot assign requested address"):
        rtnl.apply(delete_address("d0", wire.index, prefix))


@pytest.mark.parametrize("family, text", [(4, "10.3.2.1/24"), (6, "2001:db8:3::1/64")])
def test_address_without_a_route_to_its_network(
    container: Container, rtnl: Rtnl, wire: Link, family: int, text: str
) -> None:
    prefix = parse_prefix(text)
    rtnl.apply(add_address("d0", wire.index, prefix, prefix_route=False))
    assert text in container.addresses("d0")
    assert str(prefix.network) not in [route["dst"] for route in container.json(f"-{family} route show")]


# Routes.


def test_route_has_its_gateway_and_our_mark(container: Container, rtnl: Rtnl, wire: Link) -> None:
    made = RouteEntry(parse_prefix("10.5.0.0/16"), wire.index, parse_ip("10.1.2.1"))
    rtnl.apply(add_route("d0", made))
    (shown,) = show_routes(container)
    assert (shown["dst"], shown["gateway"], shown["dev"]) == ("10.5.0.0/16", "10.1.2.1", "d0")
    assert [each for each in rtnl.list_routes() if each.protocol == 112] == [
        RouteEntry(made.dst, made.index, made.gw, scope=0)
    ]
    with pytest.raises(NetlinkError) as caught:
        rtnl.apply(add_route("d0", RouteEntry(made.dst, wire.index, parse_ip("10.1.2.9"))))
    assert caught.value.errno == EEXIST


@pytest.mark.parametrize("dst, src", [("10.5.0.1/32", "10.1.2.3"), ("2001:db8:5::1/128", "2001:db8::3")])
def test_route_has_its_source_address(container: Container, rtnl: Rtnl, wire: Link, dst: str, src: str) -> None:
    family = parse_prefix(dst).ip.version
    rtnl.apply(add_route("d0", RouteEntry(parse_prefix(dst), wire.index, scope=253, src=parse_ip(src))))
    (shown,) = container.json(f"-{family} route show proto 112")
    assert (f"{shown['dst']}/{parse_prefix(dst).length}", shown["prefsrc"]) == (dst, src)
    assert [each.src for each in rtnl.list_routes() if each.protocol == 112] == [parse_ip(src)]


def test_route_of_another_table_scope_and_size(container: Container, rtnl: Rtnl, wire: Link) -> None:
    made = RouteEntry(parse_prefix("10.5.0.0/16"), wire.index, mtu=1400, advmss=1300, priority=9, table=5000, scope=200)
    rtnl.apply(add_route("d0", made))
    (shown,) = show_routes(container, 5000)
    assert (shown["dst"], shown["scope"], shown["metric"]) == ("10.5.0.0/16", "site", 9)  # what 200 is called
    assert shown["metrics"] == [{"mtu": 1400, "advmss": 1300}]
    assert show_routes(container) == []
    assert [each for each in rtnl.list_routes() if each.table == 5000] == [made]


@pytest.mark.parametrize(
    "dst, first, second", [("10.5.0.0/16", "10.1.2.1", "10.1.2.2"), ("2001:db8:5::/48", "2001:db8::1", "2001:db8::2")]
)
def test_two_gateways_stand_beside_each_other(
    container: Container, rtnl: Rtnl, wire: Link, dst: str, first: str, second: str
) -> None:
    gateways = [parse_ip(first), parse_ip(second)]
    rtnl.apply(*(append_route("d0", RouteEntry(parse_prefix(dst), wire.index, gw)) for gw in gateways))
    assert [each.gw for each in rtnl.list_routes() if each.dst == parse_prefix(dst)] == gateways
    with pytest.raises(NetlinkError, match="File exists"):
        rtnl.apply(append_route("d0", RouteEntry(parse_prefix(dst), wire.index, gateways[0])))


def test_routes_by_several_paths_are_listed_one_for_each(container: Container, rtnl: Rtnl, wire: Link) -> None:
    container.sh("ip route add 10.6.0.0/16 nexthop via 10.1.2.1 dev d0 nexthop via 10.1.2.2 dev d0 weight 3")
    found = [each for each in rtnl.list_routes(2) if each.dst == parse_prefix("10.6.0.0/16")]
    assert [(str(each.gw), each.index) for each in found] == [("10.1.2.1", wire.index), ("10.1.2.2", wire.index)]


def test_routes_of_the_kernel_s_own_kind_are_left_out(container: Container, rtnl: Rtnl, wire: Link) -> None:
    container.sh("ip route add blackhole 10.7.0.0/16")
    assert sorted(str(each.dst) for each in rtnl.list_routes(2)) == ["10.1.2.0/24"]


@pytest.mark.parametrize("family", [2, 10])
def test_routes_are_listed_by_family(rtnl: Rtnl, wire: Link, family: int) -> None:
    assert {each.dst.ip.family for each in rtnl.list_routes(family)} == {family}


def test_listed_route_can_be_deleted(container: Container, rtnl: Rtnl, wire: Link) -> None:
    connected = [each for each in rtnl.list_routes(2) if each.dst == parse_prefix("10.1.2.0/24")]
    rtnl.apply(*(delete_route("d0", each) for each in connected))
    assert container.json("-4 route show") == []
    with pytest.raises(
        NetlinkError, match=r"^ip route delete 10\.1\.2\.0/24 dev d0 proto 2 scope link .*: No such process"
    ):
        rtnl.apply(delete_route("d0", connected[0]))


def test_route_that_is_gone_counts_as_removed(container: Container, rtnl: Rtnl, wire: Link) -> None:
    container.sh("ip route add 10.9.0.0/16 dev d0 proto 112")
    route = RouteEntry(parse_prefix("10.9.0.0/16"), wire.index, scope=RT_SCOPE_LINK)
    assert rtnl.remove_route("d0", route)
    assert container.routes() == []
    assert not rtnl.remove_route("d0", route)


def test_route_to_an_address_is_found(container: Container, rtnl: Rtnl, wire: Link) -> None:
    rtnl.apply(add_route("d0", RouteEntry(parse_prefix("0.0.0.0/0"), wire.index, parse_ip("10.1.2.1"))))
    far, near = rtnl.find_route_to(parse_ip("192.0.2.1")), rtnl.find_route_to(parse_ip("10.1.2.9"))
    assert far and near
    assert (far.index, str(far.gw), near.index, near.gw) == (wire.index, "10.1.2.1", wire.index, None)


def test_kernel_without_ipv6_has_no_ipv6_route(monkeypatch: pytest.MonkeyPatch, rtnl: Rtnl) -> None:
    """It has nobody to answer for the family, like this one for DECnet, which is asked in its place."""
    decnet = Request(RTM_GETROUTE, 0, bytes([12]) + bytes(11), "ip route get 2001:db8::1")
    monkeypatch.setattr(route, "get_route", lambda ip: decnet)
    with pytest.raises(NetlinkError) as caught:
        rtnl.socket.ask(decnet)
    assert caught.value.errno == EOPNOTSUPP
    assert rtnl.find_route_to(parse_ip("2001:db8::1")) is None


@pytest.mark.parametrize("kind", ["", "unreachable", "prohibit", "blackhole"])
@pytest.mark.parametrize(
    "family, prefix, ip", [(4, "10.7.0.0/16", "10.7.0.1"), (6, "2001:db8:7::/48", "2001:db8:7::1")]
)
def test_address_nothing_leads_to_has_no_route(
    container: Container, rtnl: Rtnl, wire: Link, family: int, prefix: str, ip: str, kind: str
) -> None:
    if kind:
        container.sh(f"ip -{family} route add {kind} {prefix}")
    assert rtnl.find_route_to(parse_ip(ip)) is None


# Neighbours.


@pytest.mark.parametrize("text", ["10.1.2.9", "2001:db8::9"])
def test_neighbour_is_set_replaced_and_deleted(container: Container, rtnl: Rtnl, wire: Link, text: str) -> None:
    ip = parse_ip(text)
    rtnl.apply(set_neighbour("d0", wire.index, ip, bytes(5) + b"\1"), set_neighbour("d0", wire.index, ip, MAC))
    (shown,) = container.json(f"neighbour show {text} dev d0")
    assert (shown["lladdr"], shown["state"]) == ("02:00:00:00:00:01", ["PERMANENT"])
    listed = [each for each in rtnl.list_neighbours(ip.family) if each.ip == ip]
    assert listed == [Neighbour(wire.index, ip, "02:00:00:00:00:01")]
    rtnl.apply(delete_neighbour("d0", wire.index, ip))
    states = [each["state"] for each in container.json(f"neighbour show {text} dev d0")]
    assert [state for state in states if state != ["FAILED"]] == []


def test_closed_socket_is_an_error_and_no_surprise(inside: Namespace) -> None:
    with inside.run(Rtnl) as own:
        assert own.get_link("lo").name == "lo"
    with pytest.raises(OSError, match="Bad file descriptor"):
        own.get_link("lo")
