"""Addresses and prefixes, with the stdlib's ipaddress module as oracle."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.spec.address import IP, Prefix, parse_ip, parse_ip_or_prefix, parse_prefix

MAPPED = ipaddress.ip_network("::ffff:0:0/96")
CHARACTERS = "0123456789abcdefF:.%/ x"

v4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
# Small values too: ::1, ::1:0 and ::102:304 are where printers differ.
v6 = st.one_of(st.integers(0, 2**34), st.integers(0, 2**128 - 1)).map(ipaddress.IPv6Address)
unmapped_v6 = v6.filter(lambda address: address not in MAPPED)
addresses = st.one_of(v4, unmapped_v6)


@st.composite
def interfaces(draw):
    """An address with a prefix length, as the oracle has it."""
    address = draw(addresses)
    return ipaddress.ip_interface((address, draw(st.integers(0, address.max_prefixlen))))


@given(addresses)
def test_address_reads_prints_and_packs_as_the_oracle(oracle):
    ip = parse_ip(str(oracle))
    assert (ip.bits, ip.value, ip.version) == (oracle.max_prefixlen, int(oracle), oracle.version)
    assert (str(ip), ip.packed) == (str(oracle), oracle.packed)
    assert parse_ip(oracle.exploded) == ip
    assert hash(parse_ip(oracle.exploded)) == hash(ip)


@given(addresses, addresses)
def test_addresses_order_by_family_then_value(one, other):
    ours = parse_ip(str(one)) < parse_ip(str(other))
    assert ours == ((one.version, int(one)) < (other.version, int(other)))
    assert (parse_ip(str(one)) <= parse_ip(str(other))) == (ours or one == other)


@given(st.text(alphabet=CHARACTERS, max_size=40))
def test_address_is_accepted_exactly_where_the_oracle_accepts_it(text):
    try:
        oracle = ipaddress.ip_address(text) if "%" not in text else None
    except ValueError:
        oracle = None
    if oracle is None:
        with pytest.raises(ValueError, match="is not an IP address"):
            parse_ip(text)
    else:
        assert parse_ip(text).value == int(getattr(oracle, "ipv4_mapped", None) or oracle)


@given(st.text())
def test_prefix_of_any_text_is_a_prefix_or_a_value_error(text):
    with suppress(ValueError):
        assert parse_prefix(str(parse_prefix(text))) == parse_prefix(text)


@given(interfaces())
def test_prefix_reads_and_prints_with_its_host_bits(oracle):
    prefix = parse_prefix(str(oracle))
    assert str(prefix) == str(oracle)
    assert str(prefix.network) == str(oracle.network)
    assert prefix.first.value == int(oracle.network.network_address)
    assert prefix.last.value == int(oracle.network.broadcast_address)
    assert prefix.is_default == (oracle.network.prefixlen == 0)


@given(interfaces(), addresses)
def test_prefix_contains_what_the_oracle_contains(oracle, address):
    assert (parse_ip(str(address)) in parse_prefix(str(oracle))) == (address in oracle.network)
    assert parse_prefix(str(oracle)).first in parse_prefix(str(oracle))


@given(interfaces(), interfaces())
def test_overlap_is_the_oracles_and_symmetric(one, other):
    ours, theirs = parse_prefix(str(one)), parse_prefix(str(other))
    expected = one.version == other.version and one.network.overlaps(other.network)
    assert ours.overlaps(theirs) == theirs.overlaps(ours) == expected


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("::ffff:1.2.3.4/120", "1.2.3.4/24"),
        ("::FFFF:1.2.3.4/96", "1.2.3.4/0"),
        ("2001:DB8:0:0::1/64", "2001:db8::1/64"),
        ("10.1.2.3/8", "10.1.2.3/8"),
        ("::1.2.3.4/128", "::102:304/128"),
    ],
)
def test_prefix_prints_as_the_reference_prints_it(text, printed):
    assert str(parse_prefix(text)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.1",
        "010.0.0.1/24",
        "1.2.3.4/99",
        "1.2.3/45",
        "1.2.3.4/",
        "1.2.3.4/-1",
        "1.2.3.4/ 8",
        "1.2.3.4/8/8",
        "1.2.3.4/\N{ARABIC-INDIC DIGIT FIVE}",
        "::1/129",
        "fe80::1%eth0/64",
        "::ffff:1.2.3.4/95",
        "1.2.3.4\0/8",
    ],
)
def test_what_is_no_prefix_is_refused_and_shown(text):
    with pytest.raises(ValueError) as caught:
        parse_prefix(text)
    assert repr(text) in str(caught.value)


def test_addresses_step_and_compare_with_other_types():
    assert str(parse_ip("192.168.0.255") + 1) == "192.168.1.0"
    assert str(parse_ip("ab12::ffff") + 1) == "ab12::1:0"
    assert IP(32, 1) != IP(128, 1)
    assert IP(32, 1) != "0.0.0.1"
    assert Prefix(IP(32, 1), 8) != Prefix(IP(32, 1), 9)
    assert repr(parse_prefix("10.0.0.0/8")) == "<Prefix 10.0.0.0/8>"


def test_address_may_come_with_a_prefix():
    assert parse_ip_or_prefix("10.0.0.1") == parse_ip_or_prefix("10.0.0.1/8") == parse_ip("10.0.0.1")
