"""Requests and records: golden bytes, an independent decoder of them, and what decoders do with garbage."""

from __future__ import annotations

import inspect
import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from linux.wire.golden import GOLDEN, Golden
from linux.wire.oracle import explain

from poplin.linux.netlink import Request, attribute, nest, text_attribute, u32_attribute
from poplin.linux.wire import (
    addr,
    bridge,
    dummy,
    ipvlan,
    link,
    macvlan,
    move,
    neigh,
    route,
    rule,
    veth,
    vlan,
    vlan_device,
    vrf,
)
from poplin.linux.wire.upper import Upper
from poplin.spec.address import IP, Prefix, parse_ip, parse_prefix

MODULES = (addr, bridge, dummy, ipvlan, link, macvlan, move, neigh, route, rule, veth, vlan, vlan_device, vrf)
UNPACKERS = {
    link.RTM_NEWLINK: link.unpack_link,
    addr.RTM_NEWADDR: addr.unpack_address,
    addr.RTM_DELADDR: addr.unpack_address,
    route.RTM_NEWROUTE: lambda body: route.unpack_routes(body)[0],
    route.RTM_DELROUTE: lambda body: route.unpack_routes(body)[0],
    neigh.RTM_NEWNEIGH: neigh.unpack_neighbour,
    neigh.RTM_DELNEIGH: neigh.unpack_neighbour,
    rule.RTM_NEWRULE: rule.unpack_rule,
    rule.RTM_DELRULE: rule.unpack_rule,
    vlan.RTM_SETLINK: lambda body: vlan.unpack_change(body)[1][0],
    vlan.RTM_NEWVLAN: lambda body: vlan.unpack_vlans(body)[0],
}
# What a decoder raises for a body no kernel sends: one too short, or without an attribute that is always there.
REFUSALS = (struct.error, LookupError)

golden = pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.command)
readable = pytest.mark.parametrize("case", [each for each in GOLDEN if each.record], ids=lambda case: case.command)


@golden
def test_request_says_which_command_it_is(case: Golden) -> None:
    assert case.request.text == case.command
    assert repr(case.request) == f"<Request {case.command}>"


@golden
def test_request_has_the_golden_bytes(case: Golden) -> None:
    assert case.request.body.hex(" ", -4) == case.body


@golden
def test_an_independent_decoder_reads_what_was_meant(case: Golden) -> None:
    assert explain(case.request) == case.meaning


@readable
def test_golden_bytes_unpack_to_the_record(case: Golden) -> None:
    assert repr(UNPACKERS[case.request.kind](bytes.fromhex(case.body))) == case.record


def test_every_request_maker_has_a_golden_case() -> None:
    makers = {
        name
        for module in MODULES
        for name, thing in inspect.getmembers(module, inspect.isfunction)
        if thing.__annotations__.get("return") == "Request" and thing.__module__ == module.__name__
    }
    source = inspect.getsource(inspect.getmodule(Golden))
    assert sorted(name for name in makers if f" {name}(" not in source and f"({name}(" not in source) == ["add_link"]


# Round trips.

ips = st.one_of(
    st.builds(IP, st.just(32), st.integers(0, 2**32 - 1)), st.builds(IP, st.just(128), st.integers(0, 2**128 - 1))
)
prefixes = ips.flatmap(lambda ip: st.builds(Prefix, st.just(ip), st.integers(0, ip.bits)))
numbers = st.integers(0, 2**32 - 1)


@given(prefixes, st.integers(1, 2**31 - 1), st.booleans())
def test_any_address_survives_the_way_there_and_back(prefix: Prefix, index: int, prefix_route: bool) -> None:
    record = addr.unpack_address(addr.add_address("eth0", index, prefix, dad=True, prefix_route=prefix_route).body)
    assert record == addr.Address(index, prefix, flags=0 if prefix_route else addr.IFA_F_NOPREFIXROUTE)


@given(st.data(), prefixes, st.integers(1, 2**31 - 1))
def test_any_route_survives_the_way_there_and_back(data: st.DataObject, dst: Prefix, index: int) -> None:
    gateways = st.builds(IP, st.just(dst.ip.bits), st.integers(1, 2**dst.ip.bits - 1))
    made = route.RouteEntry(
        dst.network,
        index,
        data.draw(st.none() | gateways),
        mtu=data.draw(numbers),
        advmss=data.draw(numbers),
        priority=data.draw(numbers),
        table=data.draw(numbers),
        scope=data.draw(st.integers(0, 255)),
        protocol=data.draw(st.integers(0, 255)),
        src=data.draw(st.none() | gateways),
        onlink=data.draw(st.booleans()),
    )
    assert route.unpack_routes(route.add_route("eth0", made).body) == [made]


# Garbage.


@golden
def test_truncated_body_is_tolerated_or_refused(case: Golden) -> None:
    body = bytes.fromhex(case.body)
    unpack = UNPACKERS.get(case.request.kind, link.unpack_link)
    for length in range(len(body)):
        unpack_or_refuse(unpack, body[:length])


@given(st.sampled_from(list(UNPACKERS.values())), st.binary(max_size=200))
def test_garbage_is_tolerated_or_refused(unpack, body: bytes) -> None:
    unpack_or_refuse(unpack, body)


@given(st.sampled_from([case for case in GOLDEN if case.record]), st.data())
def test_damaged_body_is_tolerated_or_refused(case: Golden, data: st.DataObject) -> None:
    body = bytearray.fromhex(case.body)
    for at in data.draw(st.lists(st.integers(0, len(body) - 1), max_size=4)):
        body[at] = data.draw(st.integers(0, 255))
    unpack_or_refuse(UNPACKERS[case.request.kind], bytes(body))


def unpack_or_refuse(unpack, body: bytes) -> None:
    """A record, which also prints, or one of the documented refusals."""
    try:
        record = unpack(body)
    except REFUSALS:
        return
    assert type(record).__name__ in ("Link", "Address", "RouteEntry", "RoutingRule", "Neighbour", "Vlans")


# Details of the records.


def test_link_has_what_the_kernel_tells() -> None:
    body = link.info(7, link.IFF_UP) + text_attribute(link.IFLA_IFNAME, "veth0")
    body += attribute(link.IFLA_OPERSTATE, b"\x06") + u32_attribute(link.IFLA_LINK_NETNSID, 0)
    body += u32_attribute(link.IFLA_PROMISCUITY, 1) + u32_attribute(link.IFLA_LINK, 2)
    body += attribute(link.IFLA_IFALIAS, b"net/c1/eth0")  # the kernel sends it without a NUL
    found = link.unpack_link(body)
    assert (found.is_up, found.is_operational, found.netnsid, found.promiscuity) == (True, True, 0, 1)
    assert (found.link, found.alias, found.kind, found.mac) == (2, "net/c1/eth0", "", "")


def test_link_that_says_little_is_down_and_in_this_namespace() -> None:
    found = link.unpack_link(link.info(7))
    assert (found.name, found.is_up, found.is_operational, found.netnsid) == ("", False, False, None)


def test_port_switches_are_read_from_the_master_s_attributes() -> None:
    switches = bridge.set_port("veth0", 7, hairpin=True, isolated=False)
    port = link.unpack_link(switches.body)
    assert (bridge.has_hairpin(port), bridge.is_isolated(port)) == (True, False)
    assert bridge.has_hairpin(link.Link(1, "lo")) is False


def test_route_with_several_next_hops_is_several_routes() -> None:
    hops = b"".join(
        route.NEXT_HOP.pack(16, 0, 0, index) + attribute(route.RTA_GATEWAY, parse_ip(gateway).packed)
        for index, gateway in ((3, "10.0.0.1"), (4, "10.0.0.2"))
    )
    body = route.INFO.pack(2, 8, 0, 0, 254, 112, 0, 1, 0) + attribute(route.RTA_DST, bytes([20, 0, 0, 0]))
    found = route.unpack_routes(body + attribute(route.RTA_MULTIPATH, hops))
    assert [(each.index, str(each.gw)) for each in found] == [(3, "10.0.0.1"), (4, "10.0.0.2")]
    assert {each.dst for each in found} == {parse_prefix("20.0.0.0/8")}


def test_point_to_point_address_is_ours_and_not_the_peer_s() -> None:
    body = addr.INFO.pack(2, 32, 0x80, 0, 7) + attribute(addr.IFA_ADDRESS, parse_ip("10.0.0.2").packed)
    body += attribute(addr.IFA_LOCAL, parse_ip("10.0.0.1").packed) + u32_attribute(addr.IFA_FLAGS, 0x280)
    assert addr.unpack_address(body) == addr.Address(7, parse_prefix("10.0.0.1/32"), 0, 0x280)


@pytest.mark.parametrize("scope, is_global", [(0, True), (200, False), (253, False), (254, False)])
def test_only_scope_universe_is_global(scope: int, is_global: bool) -> None:
    assert addr.Address(1, parse_prefix("10.0.0.1/8"), scope).is_global is is_global


@pytest.mark.parametrize("text", ["02:00:00:00:00:01", "02-00-00-00-00-01"])
def test_mac_address_reads_with_colons_or_dashes(text: str) -> None:
    assert link.format_mac(link.parse_mac(text)) == "02:00:00:00:00:01"


@pytest.mark.parametrize("text", ["", "02:00:00:00:00", "02:00:00:00:00:01:02", "2:0:0:0:0:1", "02:00:00:00:00:0g"])
def test_what_is_no_mac_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a MAC address like 02:00:00:00:00:01"):
        link.parse_mac(text)


VLANS = [vlan.Vlans(1, flags=vlan.NATIVE), vlan.Vlans(101), vlan.Vlans(200, 210)]


def test_vlans_of_a_change_are_read_with_their_ranges() -> None:
    assert vlan.unpack_change(vlan.add_vlans("veth0", 7, VLANS).body) == (7, VLANS)
    assert vlan.unpack_change(vlan.delete_vlans("veth0", 7, VLANS[1:]).body) == (7, VLANS[1:])


def test_vlans_of_a_port_are_read_with_their_ranges() -> None:
    master = 1  # BRIDGE_VLAN_INFO_MASTER, which says nothing of a port
    entries = [attribute(vlan.BRIDGE_VLANDB_ENTRY_INFO, vlan.VLAN_INFO.pack(v.flags | master, v.first)) for v in VLANS]
    entries[2] += attribute(vlan.BRIDGE_VLANDB_ENTRY_RANGE, vlan.VID.pack(210))
    body = vlan.MESSAGE.pack(vlan.AF_BRIDGE, 7) + b"".join(nest(vlan.BRIDGE_VLANDB_ENTRY, each) for each in entries)
    assert vlan.unpack_vlans(body + attribute(9, b"")) == VLANS
    assert vlan.unpack_vlans(vlan.MESSAGE.pack(vlan.AF_BRIDGE, 7)) == []


def test_bridge_says_whether_it_filters_vlans_and_which_is_its_default() -> None:
    plain, filtering = link.Link(1, "br0"), link.Link(2, "br1")
    filtering.data = {bridge.IFLA_BR_VLAN_FILTERING: b"\1", bridge.IFLA_BR_VLAN_DEFAULT_PVID: b"\x64\0"}
    assert (bridge.has_vlan_filtering(plain), bridge.default_vlan(plain)) == (False, 0)
    assert (bridge.has_vlan_filtering(filtering), bridge.default_vlan(filtering)) == (True, 100)


def upper() -> Upper:
    return Upper("eth0", link.Link(2, "eth1"), 5)


@pytest.mark.parametrize("mode", macvlan.MODES)
def test_a_macvlan_s_mode_is_read(mode: str) -> None:
    assert macvlan.find_mode(link.unpack_link(macvlan.add_macvlan(upper(), mode).body)) == mode


@pytest.mark.parametrize("mode", ipvlan.MODES)
def test_an_ipvlan_s_mode_is_read(mode: str) -> None:
    assert ipvlan.find_mode(link.unpack_link(ipvlan.add_ipvlan(upper(), mode).body)) == mode


def test_a_mode_that_nobody_knows_is_read_as_none() -> None:
    strange = link.Link(7, "eth0")
    strange.data = {macvlan.IFLA_MACVLAN_MODE: b"\x10\0\0\0"}
    assert macvlan.find_mode(strange) == ""
    strange.data = {ipvlan.IFLA_IPVLAN_MODE: b"\x10\0"}
    assert ipvlan.find_mode(strange) == ""


@pytest.mark.parametrize("vid", [0, 1, 4094])
def test_the_vlan_of_a_device_is_read(vid: int) -> None:
    assert vlan_device.vlan_of(link.unpack_link(vlan_device.add_vlan_device(upper(), vid).body)) == vid


@pytest.mark.parametrize("add", [macvlan.add_macvlan, ipvlan.add_ipvlan])
def test_an_unknown_mode_is_a_programming_error(add: Callable[[Upper, str], Request]) -> None:
    with pytest.raises(KeyError):
        add(upper(), "sideways")


def test_nest_is_marked_as_one() -> None:
    assert nest(1, u32_attribute(2, 3)).hex(" ", -4) == "0c000180 08000200 03000000"
    assert Request(16, 0, b"", "ip link").kind == link.RTM_NEWLINK
