"""One change in one place of a call: in its document, its environment, or the bytes of its stdin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st
from storms.fuzz_calls import Call
from storms.fuzz_values import ARGUMENTS, BAD_IDS, IFNAMES, JSON_TYPES, KEYS, NETNS, NUMBERS, OWN_NETNS, PATHS, TEXTS


@dataclass(frozen=True)
class Change:
    """What was done: a `kind`, the key or variable it hit, where that stands, and the value there now."""

    kind: str
    key: str
    path: tuple[Any, ...]
    value: object


@dataclass(frozen=True)
class Input:
    """What a plugin process gets."""

    plugin: str
    environ: dict[str, str]
    stdin: bytes

    def as_verb(self, verb: str) -> Input:
        """The same input for another verb."""
        return Input(self.plugin, {**self.environ, "CNI_COMMAND": verb}, self.stdin)


def encode(call: Call) -> Input:
    """The call as a process gets it."""
    return Input(call.plugin, call.environ, json.dumps(call.document).encode())


@st.composite
def changes(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    """The call changed in one place."""
    how = draw(
        st.sampled_from(
            (change_value, change_value, change_value, change_keys, change_list, change_environ, change_bytes)
        )
    )
    return draw(how(call))


# In the document.


@st.composite
def change_value(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    path, old = draw(st.sampled_from(list(places(call.document))))
    kind = draw(st.sampled_from(("type", "null", "number", "text")))
    value: object = None
    if kind == "type":
        value = draw(st.sampled_from([new for new in JSON_TYPES if json_type(new) != json_type(old)]))
    elif kind == "number":
        value = draw(st.sampled_from(NUMBERS))
    elif kind == "text":
        value = draw(st.sampled_from(TEXTS))
    if kind in ("number", "text") and json_type(value) != json_type(old):
        kind = "type"
    return finish(call, kind, path, value)


@st.composite
def change_keys(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    """A key removed, doubled in another case, or one nobody knows."""
    kind = draw(st.sampled_from(("removed", "doubled", "unknown")))
    document = deepcopy(call.document)
    if kind == "unknown":
        objects = [((), document), *((path, value) for path, value in places(document) if isinstance(value, dict))]
        path, target = draw(st.sampled_from(objects))
        target["nobodyKnows"] = draw(st.sampled_from(JSON_TYPES))
        key = "nobodyKnows"
    else:
        path = draw(st.sampled_from([path for path, _ in places(document) if isinstance(path[-1], str)]))
        target, key = find(document, path[:-1]), path[-1]
        if kind == "removed":
            del target[key]
        else:
            target[key.swapcase()] = target[key]
    return Change(kind, key, path, None), encode(Call(call.plugin, call.environ, document))


@st.composite
def change_list(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    """An element doubled, emptied or nulled; a list or object emptied."""
    nests = [(path, value) for path, value in places(call.document) if isinstance(value, list | dict)]
    if not nests:
        return draw(change_value(call))
    path, old = draw(st.sampled_from(nests))
    kind = draw(st.sampled_from(("emptied", "twice", "holes")))
    value: object = type(old)()
    if isinstance(old, list) and kind != "emptied":
        value = [*old, *old] if kind == "twice" else [*old, None]
    return finish(call, kind if isinstance(old, list) else "emptied", path, value)


def finish(call: Call, kind: str, path: tuple[Any, ...], value: object) -> tuple[Change, Input]:
    document = deepcopy(call.document)
    find(document, path[:-1])[path[-1]] = value
    key = next(part for part in reversed(path) if isinstance(part, str))
    return Change(kind, key, path, value), encode(Call(call.plugin, call.environ, document))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Every place below the top, outermost first, with what is there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key), item
        yield from places(item, (*path, key))


def find(value: Any, path: tuple[Any, ...]) -> Any:
    """What stands at a place."""
    for part in path:
        value = value[part]
    return value


def json_type(value: object) -> str:
    """The type as plugins tell them apart: a number with a fraction is no integer."""
    return {bool: "bool", int: "int", float: "float", str: "text", list: "list", dict: "dict", type(None): "null"}[
        type(value)
    ]


# In the environment.


@st.composite
def change_environ(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    name = draw(st.sampled_from(sorted(call.environ)))
    kind = draw(st.sampled_from(("removed", "emptied", "garbled", "garbled", "garbled")))
    environ = dict(call.environ)
    if kind == "removed":
        del environ[name]
    elif kind == "emptied":
        environ[name] = ""
    else:
        garbage = {
            "CNI_COMMAND": st.sampled_from(("add", "ADD ", "LIST", "\udcff")),
            "CNI_CONTAINERID": st.sampled_from(BAD_IDS),
            "CNI_NETNS": st.sampled_from([*NETNS.values(), *OWN_NETNS]),
            "CNI_IFNAME": st.sampled_from(IFNAMES),
            "CNI_PATH": st.sampled_from(PATHS),
            "CNI_ARGS": st.sampled_from(ARGUMENTS),
        }
        environ[name] = draw(garbage[name])
    return Change(f"environment {kind}", name, (), environ.get(name)), Input(call.plugin, environ, encode(call).stdin)


# In the bytes.


@st.composite
def change_bytes(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    whole = encode(call).stdin
    cut = draw(st.integers(0, len(whole) - 1))
    kind, stdin = draw(
        st.sampled_from(
            (
                ("truncated", whole[:cut]),
                ("extended", whole + b"}"),
                ("extended", whole + whole),
                ("extended", whole + b" x"),
                ("extended", b"\xef\xbb\xbf" + whole),
                ("not UTF-8", whole[:cut] + b"\xff\xfe" + whole[cut:]),
                ("UTF-16", whole.decode().encode("utf-16")),
                ("deep", b"[" * 100_000),
                ("deep", b'{"a":' * 100_000),
                ("deep", whole[:-1] + b',"deep":' + b"[" * 20_000 + b"]" * 20_000 + b"}"),
                ("deep inside", whole[:-1] + b',"args":' + b'{"cni":' * 300 + b"{}" + b"}" * 300 + b"}"),
                ("constant", whole[:-1] + b',"mtu":NaN}'),
                ("constant", whole[:-1] + b',"mtu":-Infinity}'),
                ("constant", whole[:-1] + b',"mtu":1e999}'),
                ("constant", whole[:-1] + b',"mtu":' + b"9" * 5000 + b"}"),
                ("repeated", b'{"mtu":"x",' + whole[1:-1] + b',"mtu":1500}'),
                ("spaces", b" \r\n\t" + whole + b"\n\n"),
            )
        )
    )
    return Change(kind, "", (), None), Input(call.plugin, call.environ, stdin)


# From nothing.


@st.composite
def arbitrary(draw: st.DrawFn, call: Call) -> tuple[Change, Input]:
    """Any JSON, objects with the keys plugins know, any bytes."""
    values = st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.sampled_from(TEXTS),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
        max_leaves=12,
    )
    objects = st.dictionaries(st.sampled_from(KEYS), values, max_size=8)
    stdin = draw(
        values.map(json.dumps).map(str.encode) | objects.map(json.dumps).map(str.encode) | st.binary(max_size=80)
    )
    return Change("arbitrary", "", (), None), Input(call.plugin, call.environ, stdin)
