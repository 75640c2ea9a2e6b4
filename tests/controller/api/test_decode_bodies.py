"""Bodies are read as Go reads them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.controller.api.decode import (
    BadBody,
    Entry,
    Side,
    TagRequest,
    decode_policies_v0,
    decode_policies_v1,
    decode_tag,
)

V1 = Entry(Side("a", ""), Side("b", "t"), "tcp", 1, 2)
ZERO = Entry(Side("", ""), Side("", ""), "", 0, 0)


def body(policy: Any) -> bytes:
    """A body with one policy."""
    return json.dumps({"policies": [policy]}).encode()


def destination(**fields: Any) -> bytes:
    """A body with one policy, of which only the destination is there."""
    return body({"destination": fields})


@pytest.mark.parametrize(
    "text",
    [
        '{"policies":[{"source":{"id":"a"},"destination":{"id":"b","tag":"t","protocol":"tcp","ports":{"start":1,"end":2}}}]}',
        '{"POLICIES":[{"Source":{"ID":"a"},"dEstination":{"Id":"b","TAG":"t","Protocol":"tcp","PORTS":{"Start":1,"END":2}}}]}',
        '{"total_policies":9,"x":1e999,"policies":[{"y":[],"source":{"id":"a","n":{}},"destination":'
        '{"id":"b","tag":"t","protocol":"tcp","ports":{"start":1,"end":2,"mid":1.5},"port":"x"}}]}\n\t ',
        '{"policies":[{"source":{"id":"z","ID":"a","id":null},"destination":'
        '{"id":"b","tag":"t","protocol":"tcp","ports":{"start":1,"end":2}}}]}',
    ],
)
def test_keys_match_in_any_case_and_what_is_unknown_is_ignored(text: str) -> None:
    assert decode_policies_v1(text.encode()) == [V1]


@pytest.mark.parametrize(
    "policy", [None, {}, {"source": None}, {"source": {"id": None}, "destination": {"ports": None}}]
)
def test_null_and_absent_are_zero(policy: Any) -> None:
    assert decode_policies_v1(body(policy)) == [ZERO]
    assert decode_policies_v0(body(policy)) == [ZERO]


@pytest.mark.parametrize("text", ["null", "{}", '{"policies":null}', '{"policies":[]}'])
def test_no_policies_are_an_empty_list(text: str) -> None:
    assert decode_policies_v1(text.encode()) == []


def test_the_port_of_v0_is_both_ends() -> None:
    (entry,) = decode_policies_v0(destination(port=80, ports={"start": 1, "end": 2}))
    assert (entry.start, entry.end) == (80, 80)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "unexpected end of JSON input"),
        (" \n", "unexpected end of JSON input"),
        ('{"policies": [', "unexpected end of JSON input"),
        ('{"policies', "unexpected end of JSON input"),
        ("no", "Expecting value (character 1)"),
        ("{} {}", "Extra data (character 4)"),
        ('{"policies":[],}', "Expecting property name enclosed in double quotes (character 16)"),
        ("\ufeff{}", "Unexpected UTF-8 BOM (decode using utf-8-sig) (character 1)"),
        ('"\x01"', "Invalid control character at (character 2)"),
        ("NaN", "invalid value NaN"),
        ('{"x":-Infinity}', "invalid value -Infinity"),
        ("[" * 100000, "exceeded max depth"),
        ("[]", "json: cannot unmarshal array into the body of type object"),
        ("7", "json: cannot unmarshal number into the body of type object"),
        ('{"policies":{}}', "json: cannot unmarshal object into policies of type array"),
        ('{"policies":["x"]}', "json: cannot unmarshal string into policies of type object"),
        ('{"policies":[{"source":[]}]}', "json: cannot unmarshal array into policies.source of type object"),
        ('{"policies":[{"source":{"id":7}}]}', "json: cannot unmarshal number into policies.source.id of type string"),
    ],
)
def test_a_bad_body_is_explained(text: str, message: str) -> None:
    with pytest.raises(BadBody) as caught:
        decode_policies_v1(text.encode())
    assert str(caught.value) == message


@pytest.mark.parametrize("number", ["80.0", "8e1", '"80"', "true", "[80]", "{}", "9223372036854775808", "9" * 5000])
def test_a_port_is_an_integer_of_64_bits(number: str) -> None:
    with pytest.raises(BadBody, match="port"):
        decode_policies_v0(b'{"policies":[{"destination":{"port":%s}}]}' % number.encode())


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63) + 1, 0])
def test_any_other_integer_is_read(number: int) -> None:
    assert decode_policies_v0(destination(port=number))[0].start == number


def test_bytes_that_are_no_text_are_replaced() -> None:
    (entry,) = decode_policies_v1(b'{"policies":[{"source":{"id":"a\xff"}}]}')
    assert entry.source.id == "a\ufffd"


def test_a_tag_is_read_in_the_same_way() -> None:
    assert decode_tag(b'{"ID":"INGRESS_ROUTER","type":"router","tag":7}') == TagRequest("INGRESS_ROUTER", "router")
    assert decode_tag(b"null") == TagRequest("", "")


@given(st.binary())
def test_no_bytes_do_more_harm_than_a_bad_body(content: bytes) -> None:
    for decode in (decode_policies_v0, decode_policies_v1, decode_tag):
        try:
            decode(content)
        except BadBody as error:
            assert str(error)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda values: (
        st.lists(values) | st.dictionaries(st.sampled_from(["policies", "source", "ports", "start"]), values)
    ),
)


@given(VALUES)
def test_no_json_does_more_harm_than_a_bad_body(value: Any) -> None:
    try:
        entries = decode_policies_v1(json.dumps({"policies": value}).encode())
    except BadBody as error:
        assert str(error)
    else:
        assert all(isinstance(entry, Entry) for entry in entries)
