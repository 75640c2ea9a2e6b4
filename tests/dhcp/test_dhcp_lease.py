"""Leases: read from a server's answer, kept in a file, told to the interface plugin."""

from __future__ import annotations

import json
from math import inf

import pytest

from poplin.dhcp.lease import make_lease, parse_lease, result_of
from poplin.dhcp.packet import BOOTREPLY, Option, Packet
from poplin.spec.address import parse_ip
from poplin.spec.result import format_result

SERVER = bytes([192, 168, 1, 1])
MASK = bytes([255, 255, 255, 0])


def ack(**options: bytes) -> Packet:
    """An ACK for 192.168.1.5; options by the names of `Option`."""
    given = {
        Option.SERVER: SERVER,
        Option.SUBNET_MASK: MASK,
        **{Option[name]: value for name, value in options.items()},
    }
    return Packet(BOOTREPLY, 7, bytes(6), given, yiaddr=parse_ip("192.168.1.5"))


def lease(previous=None, asked=1000.0, **options: bytes):
    found = make_lease(ack(**options), asked, previous)
    assert found
    return found


def routes(**options: bytes) -> list[str]:
    """`destination router scope` of each."""
    return [f"{each.dst} {each.gw} {each.scope}" for each in lease(**options).routes]


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


# Times.


def test_a_server_that_says_nothing_grants_an_hour():
    found = lease()
    assert (found.acquired, found.renewal, found.rebinding, found.expiry) == (1000, 2800, 4150, 4600)


def test_times_are_the_servers_own():
    found = lease(LEASE_TIME=number(100), RENEWAL_TIME=number(10), REBINDING_TIME=number(20))
    assert (found.renewal, found.rebinding, found.expiry) == (1010, 1020, 1100)


@pytest.mark.parametrize(("renewal", "rebinding"), [(60, 50), (50, 101), (0, 101)])
def test_times_in_the_wrong_order_do_not_count(renewal, rebinding):
    found = lease(LEASE_TIME=number(100), RENEWAL_TIME=number(renewal), REBINDING_TIME=number(rebinding))
    assert (found.renewal, found.rebinding, found.expiry) == (1050, 1087.5, 1100)


def test_a_lease_may_be_for_ever():
    found = lease(LEASE_TIME=number(0xFFFFFFFF))
    assert (found.renewal, found.rebinding, found.expiry) == (inf, inf, inf)


# Routes.


@pytest.mark.facts("plugins-main-ipam", 209)
def test_classful_routes_know_their_masks_by_their_first_bits():
    value = bytes([10, 0, 0, 0, 192, 168, 1, 1, 192, 168, 1, 0, 10, 0, 0, 2, 172, 16, 0, 0, 1, 2, 3, 4])
    assert routes(STATIC_ROUTES=value) == [
        "10.0.0.0/8 192.168.1.1 None",
        "192.168.1.0/24 10.0.0.2 None",
        "172.16.0.0/16 1.2.3.4 None",
    ]


def test_the_default_route_follows_the_classful_ones_and_is_never_one_of_them():
    value = bytes([0, 0, 0, 0, 9, 9, 9, 9, 10, 0, 0, 0, 192, 168, 1, 2, 1])
    assert routes(STATIC_ROUTES=value, ROUTERS=SERVER + bytes([192, 168, 1, 9])) == [
        "10.0.0.0/8 192.168.1.2 None",
        "0.0.0.0/0 192.168.1.1 None",
    ]


@pytest.mark.facts("plugins-main-ipam", 212)
def test_classless_routes_replace_all_others():
    value = bytes(
        [0, 192, 168, 1, 254, 8, 10, 192, 168, 1, 2, 25, 172, 16, 5, 128, 0, 0, 0, 0, 32, 1, 2, 3, 4, 5, 6, 7, 8]
    )
    found = lease(CLASSLESS_ROUTES=value, STATIC_ROUTES=bytes([10, 0, 0, 0, 9, 9, 9, 9]), ROUTERS=SERVER)
    assert [f"{each.dst} {each.gw} {each.scope}" for each in found.routes] == [
        "0.0.0.0/0 192.168.1.254 None",
        "10.0.0.0/8 192.168.1.2 None",
        "172.16.5.128/25 0.0.0.0 253",
        "1.2.3.4/32 5.6.7.8 None",
    ]
    assert str(found.gateway) == "192.168.1.1"
    told = format_result(result_of(found, priority=50))["routes"]
    assert told == [
        {"dst": "0.0.0.0/0", "gw": "192.168.1.254", "priority": 50},
        {"dst": "10.0.0.0/8", "gw": "192.168.1.2", "priority": 50},
        {"dst": "172.16.5.128/25", "gw": "0.0.0.0", "priority": 50, "scope": 253},
        {"dst": "1.2.3.4/32", "gw": "5.6.7.8", "priority": 50},
    ]


@pytest.mark.parametrize("value", [bytes([33, 1, 2, 3, 4, 5, 1, 2, 3, 4]), bytes([24, 10, 0, 0, 1, 2, 3])])
def test_classless_routes_that_cannot_be_read_are_refused(value):
    with pytest.raises(ValueError, match=f"classless routes {value.hex()}"):
        make_lease(ack(CLASSLESS_ROUTES=value), 0)


# The rest.


def test_without_a_mask_there_is_no_lease():
    answer = ack()
    without = {code: value for code, value in answer.options.items() if code != Option.SUBNET_MASK}
    assert make_lease(Packet(BOOTREPLY, 7, bytes(6), without, yiaddr=answer.yiaddr), 0) is None


def test_a_mask_has_its_ones_in_front():
    with pytest.raises(ValueError, match=r"255\.0\.255\.0 is no subnet mask"):
        make_lease(ack(SUBNET_MASK=bytes([255, 0, 255, 0])), 0)
    assert str(lease(SUBNET_MASK=bytes([255] * 4)).address) == "192.168.1.5/32"
    with pytest.raises(ValueError, match=r"0\.0\.0\.0 is no subnet mask"):
        make_lease(ack(SUBNET_MASK=bytes(4)), 0)


def test_what_a_renewal_leaves_out_is_as_before():
    before = lease(ROUTERS=SERVER, DOMAIN_NAME=b"lan", NAME_SERVERS=bytes([9, 9, 9, 9]))
    answer = Packet(BOOTREPLY, 7, bytes(6), {Option.LEASE_TIME: number(50)}, yiaddr=parse_ip("192.168.1.5"))
    after = make_lease(answer, 2000, before)
    assert after
    assert after.is_same_network(before)
    assert (after.server, after.dns, after.expiry) == (before.server, before.dns, 2050)


@pytest.mark.parametrize(("mask", "router"), [([255] * 4, "192.168.1.1"), ([255, 255, 255, 0], "10.9.9.9")])
def test_a_router_outside_of_the_network_is_on_the_link(mask, router):
    found = lease(SUBNET_MASK=bytes(mask), ROUTERS=parse_ip(router).packed)
    assert [f"{each.dst} {each.gw} {each.scope}" for each in found.routes] == [
        f"{router}/32 0.0.0.0 253",
        f"0.0.0.0/0 {router} None",
    ]


@pytest.mark.parametrize("domain", [b"x\nnameserver 6.6.6.6", b"lan\x1b[31m", "lán".encode(), b"a b"])
def test_a_domain_that_is_none_is_not_told(domain):
    assert lease(DOMAIN_NAME=domain).dns.domain == ""


def test_a_renewal_without_routes_keeps_those_of_before():
    before = lease(ROUTERS=SERVER, CLASSLESS_ROUTES=bytes([8, 20, 192, 168, 1, 2]))
    assert [str(each.dst) for each in before.routes] == ["20.0.0.0/8"]
    assert lease(before).routes == before.routes
    assert [str(each.dst) for each in lease(before, ROUTERS=SERVER).routes] == ["0.0.0.0/0"]


def test_name_servers_are_told_if_the_server_tells_them():
    found = format_result(result_of(lease(NAME_SERVERS=bytes([9, 9, 9, 9, 8, 8, 8, 8]), DOMAIN_NAME=b"lan\0")))
    assert found["dns"] == {"nameservers": ["9.9.9.9", "8.8.8.8"], "domain": "lan"}
    assert "dns" not in format_result(result_of(lease()))


def test_a_result_has_the_address_its_gateway_and_no_interface():
    found = format_result(result_of(lease(ROUTERS=SERVER)))
    assert found["ips"] == [{"address": "192.168.1.5/24", "gateway": "192.168.1.1"}]
    assert found["routes"] == [{"dst": "0.0.0.0/0", "gw": "192.168.1.1"}]


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"LEASE_TIME": number(0xFFFFFFFF)},
        {"ROUTERS": SERVER, "CLASSLESS_ROUTES": bytes([0, 0, 0, 0, 0]), "NAME_SERVERS": SERVER, "DOMAIN_NAME": b"lan"},
    ],
)
def test_a_lease_is_the_same_after_it_was_in_a_file(options):
    found = lease(**options)
    assert parse_lease(json.loads(json.dumps(found.as_object()))) == found


def test_two_leases_may_look_the_same_to_the_container():
    first = lease(ROUTERS=SERVER)
    assert lease(ROUTERS=SERVER, asked=5000.0).is_same_network(first)
    assert not lease(ROUTERS=bytes([192, 168, 1, 2])).is_same_network(first)
    assert not lease(ROUTERS=SERVER, SUBNET_MASK=bytes([255, 255, 0, 0])).is_same_network(first)
