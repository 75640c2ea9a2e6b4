"""JSON text, with the stdlib's json module as oracle. Bad documents raise DecodingFailure and nothing else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.spec.errors import DecodingFailure
from poplin.spec.jsontext import dumps, list_keys, loads, loads_object

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=20
)


@given(values, st.sampled_from([0, 2, 4]))
def test_text_is_what_the_oracle_writes(value, indent):
    separators = None if indent else (",", ":")
    assert dumps(value, indent) == json.dumps(value, indent=indent or None, separators=separators)


@given(values)
def test_round_trip_keeps_the_value(value):
    assert loads(dumps(value)) == value
    assert loads(dumps(value, 4).encode()) == value


@given(values, st.booleans())
def test_text_of_the_oracle_reads_as_it_reads_it(value, ascii_only):
    text = json.dumps(value, ensure_ascii=ascii_only)
    assert loads(f" \t\r\n{text}\n ") == json.loads(text)


@given(st.one_of(st.text(), st.text(alphabet='{}[]",:0123456789.eE+-truefalsn\\u ')))
def test_text_is_accepted_exactly_where_the_oracle_accepts_it(text):
    try:
        expected = json.loads(text, parse_constant=pytest.fail)
    except ValueError:
        with pytest.raises(DecodingFailure):
            loads(text)
    except pytest.fail.Exception:  # NaN and Infinity, which are not JSON
        with pytest.raises(DecodingFailure):
            loads(text)
    else:
        if expected in (float("inf"), float("-inf")):  # 1e999
            with pytest.raises(DecodingFailure):
                loads(text)
        else:
            assert loads(text) == expected


@given(st.binary())
def test_bytes_are_a_value_or_a_decoding_failure(data):
    try:
        assert loads(dumps(loads(data))) == loads(data)
    except DecodingFailure as error:
        assert error.code == 6


@pytest.mark.parametrize("number", [12345678901234567890, -(2**63), 2**53 + 1, 10**300, 0])
def test_integers_are_exact(number):
    assert loads(str(number)) == number
    assert dumps({"n": number}) == f'{{"n":{number}}}'


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "[1,]",
        '{"a":1,}',
        "{'a':1}",
        '{"a":1} x',
        "{}{}",
        "NaN",
        "-Infinity",
        "1e999",
        "01",
        "nul",
        '"a\nb"',
        '"\\x"',
        "\ufeff{}",
        b"\xff\xfe{\x00}\x00",
        b'"\xff"',
        "\xa0{}",
        pytest.param("9" * 5000, id="5000 digits"),
        pytest.param("[" * 100_000, id="deep list"),
        pytest.param('{"a":' * 100_000, id="deep object"),
        pytest.param("[" * 100_000 + "]" * 100_000, id="deep and closed"),
    ],
)
def test_bad_document_is_a_decoding_failure_that_names_it_and_says_why(text):
    with pytest.raises(DecodingFailure) as caught:
        loads(text, "the answer")
    assert (caught.value.code, caught.value.msg) == (6, "cannot decode the answer")
    assert caught.value.details


def test_json_is_utf_8_whatever_it_looks_like():
    with pytest.raises(DecodingFailure) as caught:
        loads('{"a": 1}'.encode("utf-16"))
    assert caught.value.details == "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"


def test_whatever_depth_reads_also_writes_or_fails_as_a_decoding_failure():
    for depth in range(100, 1000, 100):
        try:
            assert dumps(loads("[" * depth + "]" * depth)) == "[" * depth + "]" * depth
        except DecodingFailure as error:
            assert error.details == "too many levels of nesting"


def test_last_of_duplicate_keys_wins():
    assert loads('{"a":1,"a":2}') == {"a": 2}


def test_keys_are_listed_as_often_as_they_are_written():
    text = ' {"a": {"x": 1, "y": [{"x": 2}], "x": 3}, "A": {"x": {}}, "b": [{"a": 1}, ["a"]], "c": "a"}\n'
    for each in (text, text.encode()):
        assert list_keys(each) == ["a", "A", "b", "c"]
        assert list_keys(each, "a") == ["x", "y", "x", "x"]
        assert list_keys(each, "A", "X") == []
        assert [list_keys(each, name) for name in ("b", "c", "d")] == [[], [], []]
    assert [list_keys(each) for each in ("null", "[1]")] == [[], []]


def test_keys_of_a_document_of_any_depth_are_listed_or_it_is_a_decoding_failure():
    for depth in (*range(900, 1010, 5), 100_000):
        text = '{"a":' * depth + "1" + "}" * depth
        try:
            assert list_keys(text) == ["a"]
        except DecodingFailure as error:
            assert str(error) == "cannot decode JSON; too many levels of nesting"
    with pytest.raises(DecodingFailure):
        list_keys("[" * 100_000 + "]" * 100_000)


def test_document_must_be_an_object_where_one_is_wanted():
    assert loads_object(b'{"a": [1]}') == {"a": [1]}
    assert loads_object("null") == {}
    for text in ("[]", "5", '"x"', "true"):
        with pytest.raises(DecodingFailure) as caught:
            loads_object(text, "the answer")
        assert caught.value.details == f"expected a JSON object, got {text}"


def test_layout_is_the_references():
    assert dumps({"a": [], "b": {}, "c": [1, {"d": None}]}, 4) == (
        '{\n    "a": [],\n    "b": {},\n    "c": [\n        1,\n        {\n            "d": null\n        }\n    ]\n}'
    )
    assert dumps({"a": [1, "ü"]}) == '{"a":[1,"\\u00fc"]}'


def test_what_has_no_json_form_is_a_defect():
    with pytest.raises(TypeError, match="has no JSON form"):
        dumps({"a": b"bytes"})
