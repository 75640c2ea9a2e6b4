"""Ranges and sets of ranges as values."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.plugins.host_local.ranges import Range, RangeSet
from poplin.spec.address import IP, Prefix, parse_ip, parse_prefix


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def make(subnet: str, start: str = "", end: str = "", gateway: str = "") -> Range:
    return Range(parse_prefix(subnet), *(parse_ip(text) if text else None for text in (start, end, gateway)))


def make_set(*subnets: str) -> RangeSet:
    return RangeSet([make(*subnet.split()) for subnet in subnets])


def walk(range_set: RangeSet, last: str = "") -> list[str]:
    return [str(ip) for ip in range_set.candidates(parse_ip(last) if last else None)]


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("192.0.2.0/24", "192.0.2.1 192.0.2.254 192.0.2.1", marks=facts(140)),
        pytest.param("192.0.2.0/25", "192.0.2.1 192.0.2.126 192.0.2.1", marks=facts(141)),
        pytest.param(
            "2001:DB8:1::/64", "2001:db8:1::1 2001:db8:1:0:ffff:ffff:ffff:ffff 2001:db8:1::1", marks=facts(144)
        ),
        pytest.param(
            "192.0.2.0/24 192.0.2.40 192.0.2.50 192.0.2.254", "192.0.2.40 192.0.2.50 192.0.2.254", marks=facts(148)
        ),
        pytest.param("2001:db8::/126", "2001:db8::1 2001:db8::3 2001:db8::1"),
        pytest.param("10.0.0.0/30", "10.0.0.1 10.0.0.2 10.0.0.1"),
        pytest.param("10.0.0.0/24 10.0.0.9 10.0.0.9 172.16.0.1", "10.0.0.9 10.0.0.9 172.16.0.1"),
        pytest.param("0.0.0.0/0", "0.0.0.1 255.255.255.254 0.0.0.1"),
    ],
)
def test_a_range_fills_what_is_not_given(text: str, want: str) -> None:
    made = make(*text.split())
    assert f"{made.start} {made.end} {made.gateway}" == want


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "192.0.2.12/24",
            "network 192.0.2.12/24 has host bits set; the network address is 192.0.2.0",
            marks=facts(142),
        ),
        pytest.param(
            "2001:db8:1::24:19ff:fee1:c44a/64",
            "network 2001:db8:1:0:24:19ff:fee1:c44a/64 has host bits set; the network address is 2001:db8:1::",
            marks=facts(143),
        ),
        pytest.param(
            "2001:db8:1:1::/63",
            "network 2001:db8:1:1::/63 has host bits set; the network address is 2001:db8:1::",
            marks=facts(143),
        ),
        pytest.param(
            "192.168.127.0/23",
            "network 192.168.127.0/23 has host bits set; the network address is 192.168.126.0",
            marks=facts(143),
        ),
        pytest.param(
            "192.0.2.0/31",
            "network 192.0.2.0/31 is too small: it has no address to hand out",
            marks=facts(145),
        ),
        pytest.param("10.0.0.1/32", "network 10.0.0.1/32 is too small: it has no address to hand out"),
        pytest.param("fd00::/127", "network fd00::/127 is too small: it has no address to hand out"),
        pytest.param("fd00::/128", "network fd00::/128 is too small: it has no address to hand out"),
        pytest.param(
            "192.0.2.0/24 192.0.3.0",
            "rangeStart 192.0.3.0 is not in the network 192.0.2.0/24",
            marks=facts(146),
        ),
        pytest.param(
            "192.0.2.0/24 192.0.2.9 192.0.4.0",
            "rangeEnd 192.0.4.0 is not in the network 192.0.2.0/24",
            marks=facts(146),
        ),
        pytest.param("192.0.2.0/24 fd00::1", "rangeStart fd00::1 is not in the network 192.0.2.0/24"),
        pytest.param(
            "192.0.2.0/24 192.0.2.50 192.0.2.40",
            "rangeStart 192.0.2.50 is not in 192.0.2.0/24 up to rangeEnd 192.0.2.40",
            marks=facts(147, 193),
        ),
        pytest.param(
            "192.0.2.0/24 192.0.2.255",
            "rangeStart 192.0.2.255 is the network or broadcast address of 192.0.2.0/24, which no host may have",
            marks=facts(193),
        ),
        pytest.param(
            "192.0.2.0/24 192.0.2.0",
            "rangeStart 192.0.2.0 is the network or broadcast address of 192.0.2.0/24, which no host may have",
        ),
        pytest.param(
            "192.0.2.0/24 192.0.2.255 192.0.2.255",
            "rangeStart 192.0.2.255 is the network or broadcast address of 192.0.2.0/24, which no host may have",
        ),
        pytest.param(
            "fd00::/64 fd00::",
            "rangeStart fd00:: is the network or broadcast address of fd00::/64, which no host may have",
        ),
    ],
)
def test_a_wrong_range_is_refused_with_its_values(text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make(*text.split())
    assert str(caught.value) == message


def test_a_range_up_to_the_broadcast_address_ends_before_it() -> None:
    """podman writes such a range for `--ip-range` at the end of a subnet."""
    assert str(make("192.0.2.0/24", "192.0.2.129", "192.0.2.255")) == "192.0.2.129-192.0.2.254"
    assert str(make("fd00::/112", "fd00::8001", "fd00::ffff")) == "fd00::8001-fd00::ffff"


@facts(149)
@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        (
            "192.0.2.0/24 192.0.2.40 192.0.2.50",
            ["192.0.2.40", "192.0.2.45", "192.0.2.50"],
            ["192.0.2.39", "192.0.2.51", "192.0.3.45", "fd00::28"],
        ),
        (
            "2001:db8:1::/64 2001:db8:1::40 2001:db8:1::50",
            ["2001:db8:1::40", "2001:db8:1::4f", "2001:db8:1::50"],
            ["2001:db8:1::39", "2001:db8:1::51", "2001:db8:2::45", "192.0.2.45"],
        ),
    ],
)
def test_a_range_contains_its_start_and_its_end(text: str, inside: list[str], outside: list[str]) -> None:
    made = make(*text.split())
    assert [ip for ip in inside + outside if parse_ip(ip) in made] == inside


@facts(150)
@pytest.mark.parametrize(
    ("one", "other", "want"),
    [
        pytest.param("10.0.0.0/24", "10.0.1.0/24", False, id="disjoint"),
        pytest.param("10.0.0.0/24", "2001:db8::/64", False, id="family"),
        pytest.param("10.0.0.0/24", "10.0.0.0/24", True, id="identical"),
        pytest.param("10.0.0.0/20", "10.0.1.0/24", True, id="containing"),
        pytest.param("10.0.0.0/24 10.0.0.2 10.0.0.127", "10.0.0.0/24 10.0.0.128", False, id="split"),
        pytest.param("10.0.0.0/24 10.0.0.2 10.0.0.127", "10.0.0.0/24 10.0.0.127", True, id="touching"),
    ],
)
def test_ranges_overlap_where_an_address_is_in_both(one: str, other: str, want: bool) -> None:
    first, second = make(*one.split()), make(*other.split())
    assert (first.overlaps(second), second.overlaps(first)) == (want, want)
    assert (RangeSet([first]).overlaps(RangeSet([second]))) is want


@facts(151)
def test_a_set_finds_the_range_of_an_address_or_lists_its_ranges() -> None:
    made = make_set("192.0.2.0/24", "172.16.1.0/24")
    assert made.get_range(parse_ip("172.16.1.9")) is made.ranges[1]
    assert parse_ip("192.0.2.9") in made
    assert parse_ip("192.0.3.9") not in made
    with pytest.raises(ValueError) as caught:
        made.get_range(parse_ip("192.168.99.99"))
    assert str(caught.value) == "192.168.99.99 is not in 192.0.2.1-192.0.2.254,172.16.1.1-172.16.1.254"


@pytest.mark.parametrize(
    ("subnets", "message"),
    [
        pytest.param(
            ["192.0.0.0/20", "192.0.2.0/24"],
            "192.0.0.1-192.0.15.254 and 192.0.2.1-192.0.2.254 overlap",
            marks=facts(152),
        ),
        pytest.param(
            ["192.0.2.0/24", "2001:db8::/126"],
            "192.0.2.1-192.0.2.254 and 2001:db8::1-2001:db8::3 are of different address families",
        ),
        pytest.param([], "it has no range"),
    ],
)
def test_a_set_is_of_one_family_without_overlaps(subnets: list[str], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        make_set(*subnets)
    assert str(caught.value) == message


@facts(152)
def test_overlapping_sets_are_detected_both_ways() -> None:
    one, other = make_set("192.0.0.0/20"), make_set("10.0.0.0/24", "192.0.2.0/24")
    assert (one.overlaps(other), other.overlaps(one)) == (True, True)
    assert one.overlaps(make_set("10.0.0.0/24")) is False


@pytest.mark.parametrize(
    ("subnets", "last", "want"),
    [
        pytest.param(["192.168.1.0/29"], "", "2 3 4 5 6", marks=facts(163)),
        pytest.param(["192.168.1.0/29"], "6", "2 3 4 5 6", marks=facts(164)),
        pytest.param(["192.168.1.0/29"], "3", "4 5 6 2 3", marks=facts(165)),
        pytest.param(["192.168.1.0/29"], "1", "2 3 4 5 6", id="last is the gateway"),
        pytest.param(["192.168.1.0/29"], "7", "2 3 4 5 6", id="last is outside"),
        pytest.param(["192.168.1.0/29", "192.168.1.8/29"], "6", "10 11 12 13 14 2 3 4 5 6", marks=facts(178)),
        pytest.param(["192.168.1.0/29", "192.168.1.8/29"], "", "2 3 4 5 6 10 11 12 13 14", marks=facts(178)),
        pytest.param(["192.168.1.0/30", "192.168.1.4/30", "192.168.1.8/30"], "10", "2 6 10", id="three, last at end"),
        pytest.param(["192.168.1.0/29 192.168.1.2 192.168.1.3 192.168.1.9"], "2", "3 2", id="gateway elsewhere"),
    ],
)
def test_candidates_go_round_robin_and_leave_out_gateways(subnets: list[str], last: str, want: str) -> None:
    found = walk(make_set(*subnets), f"192.168.1.{last}" if last else "")
    assert [ip.removeprefix("192.168.1.") for ip in found] == want.split()


def test_candidates_of_a_huge_set_come_one_by_one() -> None:
    numbers = make_set("2001:db8::/32").candidates(parse_ip("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"))
    assert [str(next(numbers)) for _ in range(3)] == ["2001:db8::2", "2001:db8::3", "2001:db8::4"]


@facts(229)
@pytest.mark.parametrize(
    ("before", "after"), [("192.168.0.255", "192.168.1.0"), ("ab12::ffff", "ab12::1:0"), ("::1", "::2")]
)
def test_addresses_step_over_byte_borders(before: str, after: str) -> None:
    assert str(parse_ip(before) + 1) == after
    assert str(parse_ip(after) + -1) == before
    with pytest.raises(ValueError):
        parse_ip("192.168.10")


@st.composite
def ranges(draw: Any) -> Range:
    """A range in a small subnet of 10.0.0.0/24 or fd00::/120, so that two of them often meet."""
    bits, base = draw(st.sampled_from([(32, 10 << 24), (128, 0xFD << 120)]))
    size = draw(st.integers(2, 8))
    subnet = Prefix(IP(bits, base + (draw(st.integers(0, 255)) >> size << size)), bits - size)
    highest = subnet.last.value - (bits == 32)
    start = draw(st.integers(subnet.first.value + 1, highest))
    end = draw(st.integers(start, highest))
    gateway = draw(st.none() | st.integers(base, base + 255).map(lambda value: IP(bits, value)))
    return Range(subnet, IP(bits, start), IP(bits, end), gateway)


@given(ranges(), ranges())
def test_overlap_means_a_common_address(one: Range, other: Range) -> None:
    mine, theirs = (
        {(item.start.bits, value) for value in range(item.start.value, item.end.value + 1)} for item in (one, other)
    )
    assert one.overlaps(other) is bool(mine & theirs)
    assert other.overlaps(one) is bool(mine & theirs)


@given(st.lists(ranges(), min_size=1, max_size=4), st.data())
def test_candidates_are_every_address_once_beginning_after_the_last(items: list[Range], data: Any) -> None:
    chosen: list[Range] = []
    for item in items:
        if item.start.bits == items[0].start.bits and not any(item.overlaps(other) for other in chosen):
            chosen.append(item)
    made = RangeSet(chosen)
    fresh = list(made.candidates(None))
    hosts = [IP(r.start.bits, v) for r in chosen for v in range(r.start.value, r.end.value + 1)]
    assert fresh == [ip for ip in hosts if ip != made.get_range(ip).gateway]
    assert made.count_free(set()) == len(fresh)
    last = data.draw(st.sampled_from(hosts))
    place = hosts.index(last) + 1
    assert list(made.candidates(last)) == [ip for ip in hosts[place:] + hosts[:place] if ip in fresh]
    taken = set(data.draw(st.lists(st.sampled_from(hosts))))
    assert made.count_free(taken) == len(set(fresh) - taken)
