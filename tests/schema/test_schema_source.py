"""JSON text: the same values and refusals as elsewhere, and the place of everything."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poplin.schema.source import Place, SourceError, parse_source
from poplin.spec.errors import DecodingFailure
from poplin.spec.jsontext import loads

TEXT = """{
  "name": "mynet",
  "plugins": [
    {"type": "bridge", "a\\"b\\n": {"x": [1, -2.5e3, null, "]}:,"]}}, [],
\t{}
  ]
}
"""

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=12,
)


def place(line: int, column: int) -> Place:
    return Place(line, column)


@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ((), (1, 1), (1, 1)),
        (("name",), (2, 11), (2, 3)),
        (("plugins",), (3, 14), (3, 3)),
        (("plugins", 0), (4, 5), (4, 5)),
        (("plugins", 0, "type"), (4, 14), (4, 6)),
        (("plugins", 0, 'a"b\n', "x"), (4, 40), (4, 35)),
        (("plugins", 0, 'a"b\n', "x", 1), (4, 44), (4, 44)),
        (("plugins", 0, 'a"b\n', "x", 3), (4, 58), (4, 58)),
        (("plugins", 1), (4, 69), (4, 69)),
        (("plugins", 2), (5, 2), (5, 2)),
        (("plugins", 2, "missing", "more"), (5, 2), (5, 2)),  # where what lacks it is
        (("other",), (1, 1), (1, 1)),
    ],
)
def test_everything_has_its_place(path, value, key):
    source = parse_source(TEXT)
    assert source.value == json.loads(TEXT)
    assert source.find(path) == place(*value)
    assert source.find(path, key=True) == place(*key)


def list_places(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(path, value), *(pair for key, inner in items for pair in list_places(inner, (*path, key)))]


@given(values, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_at_the_place_of_a_value_is_its_text(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    source = parse_source(text)
    assert source.value == value
    lines = text.split("\n")
    for path, inner in list_places(value):
        found = source.find(path)
        rest = "\n".join([lines[found.line - 1][found.column - 1 :], *lines[found.line :]])
        assert json.JSONDecoder().raw_decode(rest)[0] == inner


@pytest.mark.parametrize(
    ("text", "said", "remedy", "line", "column"),
    [
        (b"", "not JSON: Expecting value", "write a value; there is no comma after the last one", 1, 1),
        (b'{"a": 1,\n}', "not JSON: Expecting property name enclosed in double quotes", None, 2, 1),
        (b'{"a": 1\n "b": 2}', "not JSON: Expecting ',' delimiter", "write a comma before it", 2, 2),
        (b'{"a" 1}', "not JSON: Expecting ':' delimiter", "write a colon between key and value", 1, 6),
        (b"{} {}", "not JSON: Extra data", "remove what follows the document", 1, 4),
        (b'["a\nb"]', "not JSON: Invalid control character at", r"write it as an escape, a line's end as \n", 1, 4),
        (b'["a', "not JSON: Unterminated string starting at", "write the closing double quote", 1, 2),
        (rb'["\x"]', "not JSON: Invalid \\escape", r"write a backslash as \\", 1, 3),
        (b'{\n// no\n"a": 1}', None, "JSON has no comments; remove it", 2, 1),
        (b'["NaN", {"a":\n NaN}]', "not JSON: NaN is not JSON", "write a number, or a string", 2, 2),
        (b"[-Infinity]", "not JSON: -Infinity is not JSON", "write a number, or a string", 1, 2),
        (b"[1,\n\n 1e999]", "not JSON: the number 1e999 is too large", "write a number, or a string", 3, 2),
        (b"[" + b"9" * 5000 + b"]", None, "write a number, or a string", 1, 2),
        (b"[" * 100_000, "the JSON has too many levels of nesting", "", 1, 1),
        (b'{"a":\n "\xff"}', "not UTF-8: invalid start byte at byte 8", "save it as UTF-8", 2, 3),
        (b"\xef\xbb\xbf{}", None, "save it without a byte order mark", 1, 1),
    ],
)
def test_what_is_no_json_is_refused_where_it_is_none(text, said, remedy, line, column):
    with pytest.raises(SourceError) as caught:
        parse_source(text)
    assert caught.value.place == place(line, column)
    assert said in (None, caught.value.text)
    assert remedy in (None, caught.value.suggestion)
    assert str(caught.value).startswith(f"{caught.value.text}: line {line} column {column}")


@given(
    st.one_of(st.binary(max_size=20), st.text(alphabet='{}[]:,"\\0123.eE-+ \n\ttruefalsn', max_size=20).map(str.encode))
)
def test_the_same_texts_are_json_as_for_a_plugin(data):
    try:
        expected = loads(data)
    except DecodingFailure:
        with pytest.raises(SourceError):
            parse_source(data)
    else:
        assert parse_source(data).value == expected


def test_keys_given_twice_are_known_with_the_place_of_the_second():
    source = parse_source('{"a": 1, "b": {"a": 2},\n "a": {"c": 1, "c": 2}}')
    assert source.value == {"a": {"c": 2}, "b": {"a": 2}}
    assert source.list_twice() == [(("a",), place(2, 2)), (("a", "c"), place(2, 16))]
    assert source.find(("a",)) == place(2, 7)
