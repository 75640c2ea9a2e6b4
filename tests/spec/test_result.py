"""Reading and writing results of every version."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spec.results import any_results, example

from poplin.spec.address import parse_prefix
from poplin.spec.errors import CNIError, DecodingFailure
from poplin.spec.jsontext import dumps, loads_object
from poplin.spec.result import DNS, Interface, IPConfig, OldResult, Result, Route, format_result, parse_result
from poplin.spec.versions import FAMILIES, KNOWN

PREFIX = parse_prefix("10.0.0.1/8")


def facts(*rows: int):
    return pytest.mark.facts("cni-spec", *rows)


def reparse(result):
    return parse_result(loads_object(dumps(format_result(result), 4)))


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=facts(47) if FAMILIES[version] == "A" else ()) for version in KNOWN]
)
def test_full_example_comes_out_as_it_went_in(version):
    assert format_result(parse_result(example(version))) == example(version)


@pytest.mark.parametrize("version", KNOWN)
@given(data=st.data())
def test_reading_what_was_written_gives_the_same_record(version, data):
    result = data.draw(any_results(version))
    assert reparse(result) == result


@pytest.mark.parametrize("version", KNOWN)
def test_keys_come_in_the_order_of_the_reference(version):
    orders = {
        "A": ["cniVersion", "ip4", "ip6", "dns"],
        "B": ["cniVersion", "interfaces", "ips", "routes", "dns"],
        "C": ["cniVersion", "dns", "interfaces", "ips", "routes"],
    }
    printed = format_result(parse_result(example(version)))
    assert list(printed) == orders[FAMILIES[version]]
    for item in printed.get("ips", []):
        assert list(item) == (
            ["version", *[key for key in ("interface", "address", "gateway") if key in item]]
            if FAMILIES[version] == "B"
            else sorted(item)
        )


@facts(48)
@pytest.mark.parametrize("source", [{}, {"cniVersion": ""}, {"cniVersion": None}])
def test_result_without_a_version_is_of_the_oldest(source):
    result = parse_result({**source, "ip4": {"ip": "10.0.0.1/8"}})
    assert isinstance(result, OldResult)
    assert format_result(result) == {"cniVersion": "0.1.0", "ip4": {"ip": "10.0.0.1/8"}, "dns": {}}


@facts(56)
def test_zero_is_a_value_where_the_specification_says_so():
    result = Result("1.1.0", [], [IPConfig(PREFIX, None, 0)], [Route(PREFIX, table=0, scope=0)])
    assert format_result(result) == {
        "cniVersion": "1.1.0",
        "ips": [{"address": "10.0.0.1/8", "interface": 0}],
        "routes": [{"dst": "10.0.0.1/8", "table": 0, "scope": 0}],
    }
    assert reparse(result) == result


@facts(56)
@pytest.mark.parametrize(("index", "printed"), [(0, {"interface": 0}), (None, {}), (-1, {"interface": -1})])
@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
def test_interface_index_is_printed_unless_absent(version, index, printed):
    result = parse_result({"cniVersion": version, "ips": [{"address": "10.0.0.1/8", **printed}]})
    assert result.ips[0].interface == index
    item = format_result(result)["ips"][0]
    assert {key: item[key] for key in item if key == "interface"} == printed


@facts(60)
def test_the_ip_of_the_prose_of_030_is_not_the_list_of_addresses():
    source = {"cniVersion": "0.3.0", "ip": [{"version": "4", "address": "10.0.0.1/8"}]}
    assert format_result(parse_result(source)) == {"cniVersion": "0.3.0", "dns": {}}


@facts(62)
def test_empty_result_of_1x_has_no_dns_and_one_of_04_has():
    assert format_result(Result("1.1.0")) == {"cniVersion": "1.1.0"}
    assert format_result(Result("1.0.0")) == {"cniVersion": "1.0.0"}
    assert format_result(Result("0.4.0")) == {"cniVersion": "0.4.0", "dns": {}}


@pytest.mark.parametrize(
    "part",
    [
        *(
            pytest.param(part, marks=facts(63))
            for part in (
                {"ips": [{"address": 5}]},
                {"ips": [{"address": "10.0.0.1"}]},
                {"ips": [{"address": "1.2.3.4/99"}]},
                {"ips": [{"address": "1.2.3/45"}]},
                {"ips": [{"address": "10.0.0.1/8", "gateway": "1.2.3.x"}]},
                {"routes": [{"dst": "10.0.0.0/8", "gw": "1.2.3.x"}]},
                {"interfaces": [{"name": "eth0", "mtu": "5"}]},
            )
        ),
        {"ips": [{}]},
        {"ips": [None]},
        {"interfaces": [None]},
        {"routes": [{"gw": "10.0.0.1"}]},
        {"ips": [{"address": "10.0.0.1/8", "interface": 1.5}]},
        {"ips": [{"address": "10.0.0.1/8", "interface": "0"}]},
        {"dns": []},
        {"dns": {"search": "a"}},
    ],
    ids=dumps,
)
@pytest.mark.parametrize("version", ["0.4.0", "1.1.0"])
def test_what_does_not_decode_is_refused(version, part):
    with pytest.raises(DecodingFailure) as caught:
        parse_result({"cniVersion": version, **part})
    assert (caught.value.code, caught.value.msg[:15]) == (6, "cannot decode `")


@pytest.mark.parametrize("part", [{"ip4": {}}, {"ip4": {"ip": "10.0.0.1"}}, {"ip6": {"ip": "::1/64", "gateway": "x"}}])
def test_old_result_that_does_not_decode_is_refused(part):
    with pytest.raises(DecodingFailure):
        parse_result(part)


def test_unknown_version_is_refused_with_those_known():
    with pytest.raises(DecodingFailure) as caught:
        parse_result({"cniVersion": "1.0"})
    assert str(caught.value) == (
        'unsupported result version \'1.0\'; known are ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"]'
    )


@facts(64)
def test_host_bits_are_kept():
    source = {"cniVersion": "1.0.0", "ips": [{"address": "1.2.3.4/24"}], "routes": [{"dst": "10.1.2.3/8"}]}
    assert format_result(parse_result(source)) == source


@facts(65)
@pytest.mark.parametrize("dns", [{}, {"nameservers": [], "domain": "", "search": [], "options": []}, None])
def test_dns_with_four_empty_members_is_empty(dns):
    result = parse_result({"cniVersion": "1.0.0", "dns": dns})
    assert not result.dns
    assert format_result(result) == {"cniVersion": "1.0.0"}


@facts(65)
@pytest.mark.parametrize("member", [{"nameservers": ["a"]}, {"domain": "a"}, {"search": ["a"]}, {"options": ["a"]}])
def test_dns_with_one_member_is_not_empty(member):
    result = parse_result({"cniVersion": "1.0.0", "dns": member})
    assert result.dns
    assert format_result(result) == {"cniVersion": "1.0.0", "dns": member}


def test_empty_gateways_count_as_absent_and_keys_match_in_any_case():
    source = {
        "CNIVersion": "1.0.0",
        "IPs": [{"Address": "10.0.0.1/8", "gateway": ""}],
        "routes": [{"dst": "10.0.0.0/8", "gw": ""}],
        "surprise": {"ignored": True},
    }
    assert parse_result(source) == Result("1.0.0", [], [IPConfig(PREFIX)], [Route(parse_prefix("10.0.0.0/8"))])


def test_absent_names_are_printed_empty():
    assert format_result(Result("1.0.0", [Interface("")]))["interfaces"] == [{"name": ""}]
    tagless = format_result(Result("0.4.0", [], [IPConfig(PREFIX)]))["ips"]
    assert tagless == [{"version": "", "address": "10.0.0.1/8"}]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["10.0.0.1/8", "::1/64", "4"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["address", "dst", "gw", "interface", "name", "ip", "routes"]), inner)
    ),
    max_leaves=8,
)


@pytest.mark.parametrize("version", KNOWN)
@given(
    parts=st.dictionaries(
        st.sampled_from(["ips", "interfaces", "routes", "dns", "ip4", "ip6"]), json_values, max_size=4
    )
)
def test_any_object_is_a_result_or_a_decoding_failure(version, parts):
    try:
        result = parse_result({"cniVersion": version, **parts})
    except CNIError as error:
        assert error.code == 6
    else:
        assert reparse(result) == result


def test_records_are_made_without_sharing_lists():
    assert Result().ips is not Result().ips
    assert DNS().search is not DNS().search
