"""Conversion of results: all 49 pairs of versions from one table of full examples, and what gets lost where."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spec.results import any_results, example, old_results, results

from poplin.spec.convert import convert, convert_to_newest_family
from poplin.spec.errors import CNIError, DecodingFailure
from poplin.spec.result import OldResult, Result, format_result, parse_result
from poplin.spec.versions import KNOWN

PAIRS = list(product(KNOWN, KNOWN))


def facts(*rows: int):
    return pytest.mark.facts("cni-spec", *rows)


def through(source: dict[str, object], *versions: str) -> dict[str, object]:
    """The result object after a chain of conversions."""
    result = parse_result(source)
    for version in versions:
        result = convert(result, version)
    return format_result(result)


@facts(47, 49, 52, 55)
@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_every_version_converts_to_every_other(source, target):
    assert through(example(source), target) == example(source, target)


@facts(47)
def test_within_family_a_only_the_version_changes():
    assert through(example("0.2.0"), "0.1.0") == {**example("0.2.0"), "cniVersion": "0.1.0"}
    assert through(example("0.2.0"), "0.1.0", "0.2.0") == example("0.2.0")


@facts(50)
@pytest.mark.parametrize("gateway", [{"gw": "10.1.2.1"}, {}])
def test_old_result_survives_the_way_through_b(gateway):
    part = {"ip": "10.1.2.3/24", "gateway": "10.1.2.1", "routes": [{"dst": "0.0.0.0/0", **gateway}]}
    source = {"cniVersion": "0.2.0", "ip4": part, "dns": {}}
    assert through(source, "0.4.0", "0.2.0") == source


@facts(51)
@pytest.mark.parametrize("target", ["0.2.0", "0.1.0"])
@pytest.mark.parametrize("source", ["0.4.0", "1.1.0"])
def test_result_without_addresses_has_no_old_form(source, target):
    with pytest.raises(DecodingFailure) as caught:
        through({"cniVersion": source}, target)
    assert caught.value.code == 6
    assert "no valid IP address" in caught.value.details


@facts(53)
def test_within_family_c_nothing_is_stripped():
    assert through(example("1.1.0"), "1.0.0", "1.1.0") == example("1.1.0")
    assert through(example("1.1.0"), "1.0.0")["interfaces"][0]["mtu"] == 1500


@facts(54)
def test_first_address_of_a_family_wins():
    source = {"cniVersion": "1.1.0", "ips": [{"address": "10.0.0.1/8"}, {"address": "10.0.0.2/8"}]}
    assert through(source, "0.1.0") == {"cniVersion": "0.1.0", "ip4": {"ip": "10.0.0.1/8"}, "dns": {}}


@facts(55)
def test_route_attributes_survive_b_and_not_a():
    route = {"dst": "10.0.0.0/8", "advmss": 1, "mtu": 2, "priority": 3, "table": 4, "scope": 5}
    source = {"cniVersion": "1.1.0", "ips": [{"address": "10.0.0.1/8"}], "routes": [route]}
    assert through(source, "0.4.0")["routes"] == [route]
    assert through(source, "0.2.0")["ip4"]["routes"] == [{"dst": "10.0.0.0/8"}]


@facts(57)
def test_mapped_address_is_tagged_as_what_it_is():
    source = {"cniVersion": "1.0.0", "ips": [{"address": "::ffff:1.2.3.4/120"}]}
    assert through(source, "0.4.0")["ips"] == [{"version": "4", "address": "1.2.3.4/24"}]


@facts(58)
def test_tag_decides_and_not_the_address():
    source = {"cniVersion": "0.4.0", "ips": [{"version": "6", "address": "10.0.0.1/8"}]}
    assert through(source, "0.2.0") == {"cniVersion": "0.2.0", "ip6": {"ip": "10.0.0.1/8"}, "dns": {}}


@facts(58)
@pytest.mark.parametrize("tag", [{}, {"version": ""}, {"version": "5"}])
def test_untagged_address_is_skipped(tag):
    with pytest.raises(DecodingFailure, match="no valid IP address"):
        through({"cniVersion": "0.4.0", "ips": [{**tag, "address": "10.0.0.1/8"}]}, "0.2.0")


@facts(59)
def test_route_of_a_family_without_address_is_dropped():
    source = {"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "10.0.0.1/8"}], "routes": [{"dst": "::/0"}]}
    assert through(source, "0.2.0") == {"cniVersion": "0.2.0", "ip4": {"ip": "10.0.0.1/8"}, "dns": {}}


@facts(61)
def test_no_target_version_is_the_oldest():
    assert through(example("1.1.0"), "") == example("1.1.0", "0.1.0")


@facts(61)
@pytest.mark.parametrize(
    ("result", "target"), [(Result("1.1.0"), "9.9.9"), (Result("0.4567.0"), "1.1.0"), (OldResult("0.4567.0"), "0.1.0")]
)
def test_unknown_version_is_refused(result, target):
    with pytest.raises(DecodingFailure) as caught:
        convert(result, target)
    assert caught.value.msg.startswith("cannot convert to or from version")


def test_same_version_is_the_same_object():
    result = Result("1.0.0")
    assert convert(result, "1.0.0") is result


def test_newest_family_has_no_form_below_03():
    assert convert_to_newest_family(Result("0.4.0"), "1.1.0") == Result("1.1.0")
    with pytest.raises(CNIError):
        convert_to_newest_family(OldResult("0.2.0"), "0.1.0")


# Round trips that lose nothing.


@pytest.mark.parametrize("way", [("0.3.0",), ("0.4.0",), ("1.0.0",), ("0.3.1", "1.1.0", "0.4.0")])
@given(result=old_results("0.2.0"))
def test_old_result_comes_back_from_newer_families(way, result):
    newer = result
    for version in way:
        newer = convert(newer, version)
    assert convert(newer, "0.2.0") == result


@given(results("0.4.0", plain=True))
def test_tagged_result_comes_back_from_c(result):
    assert convert(convert(result, "1.1.0"), "0.4.0") == result


@given(results("1.1.0", plain=True))
def test_result_of_plain_interfaces_comes_back_from_b(result):
    assert convert(convert(result, "0.3.1"), "1.1.0") == result


@pytest.mark.parametrize(("source", "target"), PAIRS)
@settings(max_examples=20)  # for each of 49 pairs
@given(data=st.data())
def test_any_result_converts_or_has_no_address(source, target, data):
    result = data.draw(any_results(source))
    try:
        converted = convert(result, target)
    except DecodingFailure as error:
        assert "no valid IP address" in error.details
        assert not result.ips
    else:
        assert converted.version == target
        assert parse_result(format_result(converted)) == converted
