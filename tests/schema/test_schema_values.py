"""The strings of policies: what is read, with the stdlib's ipaddress module as oracle, and what is refused how."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.schema.values import (
    quote,
    read_address,
    read_addresses,
    read_ip,
    read_ipv4,
    read_ipv4_prefix,
    read_mac_prefix,
    read_ports,
    read_prefix,
    read_protocols,
)

CHARACTERS = "0123456789abcdefF:.%/,- x"
READERS = (
    *(read_address, read_addresses, read_ip, read_ipv4, read_ipv4_prefix, read_mac_prefix, read_ports, read_prefix),
    read_protocols,
)

v4 = st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address)
v6 = st.one_of(st.integers(0, 2**34), st.integers(0, 2**128 - 1)).map(ipaddress.IPv6Address)
addresses = st.one_of(v4, v6.filter(lambda address: address.ipv4_mapped is None))
ports = st.integers(1, 65535)


@st.composite
def networks(draw, of=addresses):
    """A prefix without host bits, as the oracle has it."""
    address = draw(of)
    network = ipaddress.ip_network((address, draw(st.integers(0, address.max_prefixlen))), strict=False)
    return network if getattr(network.network_address, "ipv4_mapped", None) is None else ipaddress.ip_network(address)


def oracle_of(parse, text):
    """What the oracle reads, None if it refuses; zones and mapped addresses are nothing to us."""
    try:
        value = parse(text) if "%" not in text else None
    except ValueError:
        return None
    address = getattr(value, "network_address", value)
    return None if getattr(address, "ipv4_mapped", None) else value


# What is read.


@given(addresses)
def test_address_is_read_as_the_oracle_reads_it(oracle):
    assert (read_ip(str(oracle)).bits, read_ip(str(oracle)).value) == (oracle.max_prefixlen, int(oracle))
    assert read_ip(oracle.exploded) == read_ip(str(oracle))


@given(networks())
def test_prefix_is_read_as_the_oracle_reads_it(oracle):
    prefix = read_prefix(str(oracle))
    assert (prefix.ip.value, prefix.length) == (int(oracle.network_address), oracle.prefixlen)
    assert prefix.ip.version == oracle.version
    assert read_address(str(oracle)) == prefix


@given(st.lists(st.one_of(addresses, networks()), min_size=1, max_size=5))
def test_list_of_addresses_is_read_in_order_and_single_ones_are_the_longest_prefixes(items):
    assert [str(prefix) for prefix in read_addresses(",".join(map(str, items)))] == [
        str(ipaddress.ip_network(item)) for item in items
    ]


@given(st.text(alphabet=CHARACTERS, max_size=24))
def test_text_is_an_address_or_a_prefix_exactly_where_the_oracle_says_so(text):
    ip, v4_address = oracle_of(ipaddress.ip_address, text), oracle_of(ipaddress.IPv4Address, text)
    # The oracle takes a netmask for a length too, and an address without any.
    has_length = text.partition("/")[2].isdigit() and text.partition("/")[2] == str(int(text.partition("/")[2]))
    network = oracle_of(ipaddress.ip_network, text) if has_length else None
    v4_network = network if network is not None and network.version == 4 else None
    readers = {read_ip: ip, read_ipv4: v4_address, read_prefix: network, read_ipv4_prefix: v4_network}
    for read, oracle in readers.items():
        if oracle is None:
            with pytest.raises(ValueError, match=" is not "):
                read(text)
        else:
            assert str(read(text)) == str(oracle)


@given(st.lists(st.tuples(ports, ports).map(sorted), min_size=1, max_size=5))
def test_ports_are_read_as_ranges_in_order(bounds):
    texts = [str(first) if first == last else f"{first}-{last}" for first, last in bounds]
    assert read_ports(",".join(texts)) == tuple(range(first, last + 1) for first, last in bounds)


@given(st.sets(st.integers(0, 256), min_size=1))
def test_protocols_are_numbers(numbers):
    assert read_protocols(",".join(map(str, numbers))) == numbers


@pytest.mark.parametrize("text", ["0E-2A", "0e-2a", "00-15"])
def test_mac_prefix_is_two_bytes(text):
    assert read_mac_prefix(text) == text


# What is refused.


REFUSED = [
    (read_ipv4, "10.0.0.300", "'10.0.0.300' is not an IPv4 address; write one like 10.0.0.1"),
    (read_ipv4, "fe80::1", "'fe80::1' is not an IPv4 address; write one like 10.0.0.1"),
    (read_ipv4, "::ffff:1.2.3.4", "'::ffff:1.2.3.4' is not an IPv4 address; write 1.2.3.4"),
    (read_ipv4, "010.0.0.1", "'010.0.0.1' is not an IPv4 address; write one like 10.0.0.1"),
    (read_ipv4, "10.0.0.1\n", "'10.0.0.1\\n' is not an IPv4 address; write one like 10.0.0.1"),
    (read_ipv4, "", "'' is not an IPv4 address; write one like 10.0.0.1"),
    (read_ip, "localhost", "'localhost' is not an IP address; write one like 10.0.0.1 or fd00::1"),
    (read_ip, "fe80::1%eth0", "'fe80::1%eth0' is not an IP address; write one like 10.0.0.1 or fd00::1"),
    (read_ip, "::ffff:1.2.3.4", "'::ffff:1.2.3.4' is not an IPv4 address; write 1.2.3.4"),
    (read_ipv4_prefix, "10.0.0.0", "'10.0.0.0' is not an IPv4 prefix; write one like 10.0.0.0/24"),
    (read_ipv4_prefix, "fd00::/64", "'fd00::/64' is not an IPv4 prefix; write one like 10.0.0.0/24"),
    (read_ipv4_prefix, "10.0.0.0/33", "'10.0.0.0/33' is not an IPv4 prefix; write one like 10.0.0.0/24"),
    (read_ipv4_prefix, "::ffff:1.2.3.4/120", "'::ffff:1.2.3.4/120' is not an IPv4 prefix; write 1.2.3.0/24"),
    (read_prefix, "10.0.0.1/8", "'10.0.0.1/8' is not the start of its prefix; write 10.0.0.0/8"),
    (read_prefix, "fd00::1/64", "'fd00::1/64' is not the start of its prefix; write fd00::/64"),
    (read_prefix, "10.0.0.0/08", "'10.0.0.0/08' is not a prefix; write one like 10.0.0.0/24 or fd00::/64"),
    (read_address, "web", "'web' is not an address or a prefix; write one like 10.0.0.1 or 10.0.0.0/24"),
    (read_addresses, "", "'' is not a list of addresses; write one like 10.0.0.1,10.1.0.0/16"),
    (
        read_addresses,
        "10.0.0.1, 10.0.0.2",
        "'10.0.0.1, 10.0.0.2' is not a list of addresses; write it without blanks, like 10.0.0.1,10.1.0.0/16",
    ),
    (
        read_addresses,
        "10.0.0.1,",
        "'10.0.0.1,' is not a list of addresses; write something between all commas, like 10.0.0.1,10.1.0.0/16",
    ),
    (read_addresses, "10.0.0.1,10.0.0.1/8", "'10.0.0.1/8' is not the start of its prefix; write 10.0.0.0/8"),
    (read_ports, "0", "'0' is not a port or a port range; write numbers from 1 to 65535, like 80 or 8000-8100"),
    (read_ports, "65536", "'65536' is not a port or a port range; write numbers from 1 to 65535, like 80 or 8000-8100"),
    (read_ports, "080", "'080' is not a port or a port range; write numbers from 1 to 65535, like 80 or 8000-8100"),
    (read_ports, "http", "'http' is not a port or a port range; write numbers from 1 to 65535, like 80 or 8000-8100"),
    (read_ports, "80-", "'80-' is not a port or a port range; write numbers from 1 to 65535, like 80 or 8000-8100"),
    (read_ports, "1-2-3", "'1-2-3' is not a port or a port range; write numbers from 1 to 65535, like 80 or 8000-8100"),
    (read_ports, "80,90-85", "'90-85' is not a port range; write the smaller number first, as 85-90"),
    (read_ports, "80 ,90", "'80 ,90' is not a list of ports; write it without blanks, like 80,8000-8100"),
    (read_protocols, "tcp", "'tcp' is not a protocol number; write 6"),
    (read_protocols, "6,UDP", "'UDP' is not a protocol number; write 17"),
    (read_protocols, "any", "'any' is not a protocol number; write 256"),
    (
        read_protocols,
        "257",
        "'257' is not a protocol number; write one from 0 to 256, like 6 for tcp or 17 for udp",
    ),
    (read_protocols, "-1", "'-1' is not a protocol number; write one from 0 to 256, like 6 for tcp or 17 for udp"),
    (read_protocols, "٣", "'٣' is not a protocol number; write one from 0 to 256, like 6 for tcp or 17 for udp"),
    (read_mac_prefix, "0E:2A", "'0E:2A' is not the start of a MAC address; write one like 0E-2A"),
    (read_mac_prefix, "0E-2A\n", "'0E-2A\\n' is not the start of a MAC address; write one like 0E-2A"),
]


@pytest.mark.parametrize(("read", "text", "sentence"), REFUSED)
def test_refusal_names_the_value_and_what_to_write(read, text, sentence):
    with pytest.raises(ValueError) as caught:
        read(text)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("read", READERS)
@given(text=st.text())
def test_any_text_is_read_or_refused_in_one_line(read, text):
    with suppress(ValueError):
        read(text)
        return
    with pytest.raises(ValueError, match=r"\A[^\n\r\0]*\Z"):
        read(text)


# How values are shown.


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Allow", "'Allow'"),
        ("a\nb\x1b\ud800", "'a\\nb\\x1b\\ud800'"),
        (True, "true"),
        (None, "null"),
        ({"a": [1, "x"]}, '{"a": [1, "x"]}'),
        ("x" * 100, "'" + "x" * 59 + "..."),
        ({1, 2}, "<set>"),
        pytest.param(10**5000, "<int>", id="more digits than Python prints"),
    ],
)
def test_value_is_shown_in_one_short_line(value, shown):
    assert quote(value) == shown
