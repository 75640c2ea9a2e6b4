"""Reading a JSON object the way the reference reads one into a struct."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.spec.address import parse_ip, parse_prefix
from poplin.spec.errors import DecodingFailure, UnsupportedField
from poplin.spec.fields import Fields

# Every reader: what it answers for an absent key, a value it takes, and that value as it comes back.
READERS = {
    "text": ("", "x", "x"),
    "flag": (False, True, True),
    "find_number": (None, 0, 0),
    "number": (0, 2**63 - 1, 2**63 - 1),
    "mapping": ({}, {"a": 1}, {"a": 1}),
    "sequence": ([], [1, None], [1, None]),
    "objects": ([], [], []),
    "texts": ([], ["a", ""], ["a", ""]),
    "find_ip": (None, "::1", parse_ip("::1")),
    "find_prefix": (None, "10.1.2.3/8", parse_prefix("10.1.2.3/8")),
}

json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=5,
)


@pytest.mark.parametrize("reader", READERS)
def test_absent_and_null_are_the_default(reader):
    absent = READERS[reader][0]
    assert getattr(Fields({}), reader)("key") == absent
    assert getattr(Fields({"key": None}), reader)("key") == absent


@pytest.mark.parametrize("reader", READERS)
def test_key_matches_whatever_its_case(reader):
    _, value, read = READERS[reader]
    assert getattr(Fields({"KeY": value}), reader)("kEy") == read


@pytest.mark.parametrize("reader", [*READERS, "get_prefix", "fields"])
@given(value=json_values)
def test_any_value_is_read_or_refused_with_its_place(reader, value):
    try:
        getattr(Fields({"key": value}, "ipam.ranges[0]"), reader)("key")
    except DecodingFailure as error:
        assert error.msg == "cannot decode `ipam.ranges[0].key`"
        assert error.details


@pytest.mark.parametrize(
    ("reader", "value", "details"),
    [
        ("text", 5, "expected a string, got 5"),
        ("flag", "true", 'expected true or false, got "true"'),
        ("flag", 1, "expected true or false, got 1"),
        ("number", True, "expected an integer, got true"),
        ("number", 1.5, "expected an integer, got 1.5"),
        ("number", "5", 'expected an integer, got "5"'),
        ("number", 2**63, "expected an integer, got 9223372036854775808"),
        ("mapping", [], "expected an object, got []"),
        ("sequence", {}, "expected a list, got {}"),
        ("objects", [{}, None], "expected a list of objects, got [{},null]"),
        ("texts", ["a", 5], 'expected a list of strings, got ["a",5]'),
        ("find_ip", "1.2.3.x", "'1.2.3.x' is not an IP address"),
        ("get_prefix", None, "expected an address with a prefix length, got null"),
    ],
)
def test_wrong_type_is_refused_with_what_was_wanted_and_what_came(reader, value, details):
    with pytest.raises(DecodingFailure) as caught:
        getattr(Fields({"mtu": value}), reader)("mtu")
    assert (caught.value.msg, caught.value.details) == ("cannot decode `mtu`", details)


def test_defaults_apply_to_what_is_absent_only():
    fields = Fields({"a": "", "b": False, "c": 0})
    assert (fields.text("a", "x"), fields.flag("b", True), fields.number("c", 7)) == ("", False, 0)
    assert (fields.text("z", "x"), fields.flag("z", True), fields.number("z", 7)) == ("x", True, 7)


def test_empty_address_is_no_address():
    assert Fields({"gw": ""}).find_ip("gw") is None
    assert Fields({"dst": ""}).find_prefix("dst") is None


def test_nested_objects_know_their_place():
    ranges = Fields({"ipam": {"ranges": [{}, {"subnet": 5}]}}).fields("ipam").objects("ranges")
    with pytest.raises(DecodingFailure) as caught:
        ranges[1].text("subnet")
    assert caught.value.msg == "cannot decode `ipam.ranges[1].subnet`"


def test_last_of_keys_that_differ_in_case_wins():
    assert Fields({"name": "a", "NAME": "b"}).text("name") == "b"


def test_strict_refuses_the_first_key_nobody_asked_for():
    fields = Fields({"name": "a", "Bridge": "b", "cni.dev/x": 1, "isGatway": True})
    fields.text("name")
    assert "bridge" in fields
    with pytest.raises(UnsupportedField) as caught:
        fields.reject_unknown()
    assert str(caught.value) == "unknown key `isGatway` in a strict configuration; true"
    fields.flag("isGatway")
    assert fields.reject_unknown() is None
