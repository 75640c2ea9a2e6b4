"""Bodies as the original reads them (cf-control-plane §1.5): a decoder of Go's habits.

Keys match in any case, unknown ones are ignored, `null` and absence mean zero or empty, of a repeated key the last one
counts. Numbers must be written as integers. What the values mean is for validate.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NoReturn

from msgspec import Struct

BIGGEST = 2**63 - 1
LONGEST_NUMBER = len(str(BIGGEST))
KINDS: Mapping[type, str] = {dict: "object", list: "array", str: "string", bool: "bool", int: "number", float: "number"}


class BadBody(Exception):
    """Not JSON, or not of the right shape: the text says where."""


class Side(Struct, frozen=True):
    """One end of a policy as a client names it."""

    id: str
    tag: str


class Entry(Struct, frozen=True):
    """A policy as a client asks for it, not yet looked at."""

    source: Side
    destination: Side
    protocol: str
    start: int
    end: int


class TagRequest(Struct, frozen=True):
    """A tag as an agent asks for it."""

    id: str
    type: str


def decode_policies_v0(body: bytes) -> list[Entry]:
    """Policies with a `port`. Raises BadBody."""
    return [read_entry_v0(item) for item in read_policies(body)]


def decode_policies_v1(body: bytes) -> list[Entry]:
    """Policies with `ports`. Raises BadBody."""
    return [read_entry_v1(item) for item in read_policies(body)]


def decode_tag(body: bytes) -> TagRequest:
    """`{"id", "type"}`. Raises BadBody."""
    fields = expect(dict, read_json(body), "the body") or {}
    return TagRequest(read_text(fields, "id", "id"), read_text(fields, "type", "type"))


def read_policies(body: bytes) -> list[dict[str, Any]]:
    """The items of `policies`."""
    fields = expect(dict, read_json(body), "the body") or {}
    items = expect(list, fields.get("policies"), "policies") or []
    return [expect(dict, item, "policies") or {} for item in items]


def read_entry_v0(fields: dict[str, Any]) -> Entry:
    """`{"source": {"id"}, "destination": {"id", "protocol", "port"}}`."""
    destination = read_object(fields, "destination", "policies.destination")
    port = read_integer(destination, "port", "policies.destination.port")
    return make_entry(fields, destination, port, port)


def read_entry_v1(fields: dict[str, Any]) -> Entry:
    """`{"source": {"id"}, "destination": {"id", "protocol", "ports": {"start", "end"}}}`."""
    destination = read_object(fields, "destination", "policies.destination")
    ports = read_object(destination, "ports", "policies.destination.ports")
    start, end = (read_integer(ports, name, f"policies.destination.ports.{name}") for name in ("start", "end"))
    return make_entry(fields, destination, start, end)


def make_entry(fields: dict[str, Any], destination: dict[str, Any], start: int, end: int) -> Entry:
    """What both versions have."""
    source = read_side(read_object(fields, "source", "policies.source"), "policies.source")
    protocol = read_text(destination, "protocol", "policies.destination.protocol")
    return Entry(source, read_side(destination, "policies.destination"), protocol, start, end)


def read_side(fields: dict[str, Any], where: str) -> Side:
    """`{"id", "tag"}`."""
    return Side(read_text(fields, "id", f"{where}.id"), read_text(fields, "tag", f"{where}.tag"))


def read_object(fields: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    """Empty if it is not there."""
    return expect(dict, fields.get(name), where) or {}


def read_text(fields: dict[str, Any], name: str, where: str) -> str:
    """Empty if it is not there."""
    return expect(str, fields.get(name), where) or ""


def read_integer(fields: dict[str, Any], name: str, where: str) -> int:
    """Zero if it is not there."""
    number = expect(int, fields.get(name), where) or 0
    if abs(number) > BIGGEST:
        raise BadBody(f"json: number of {where} does not fit into 64 bits")
    return number


def expect(kind: type, value: Any, where: str) -> Any:
    """The value if it is exactly of this kind, or None."""
    # Exactly: Python takes true for an integer.
    if value is not None and type(value) is not kind:
        wanted = "int" if kind is int else KINDS[kind]  # as Go tells them apart
        raise BadBody(f"json: cannot unmarshal {KINDS[type(value)]} into {where} of type {wanted}")
    return value


def read_json(body: bytes) -> Any:
    """The one value of a body; keys in lower case, nulls left out. Raises BadBody."""
    text = body.decode(errors="replace")
    try:
        return json.loads(text, object_pairs_hook=fold, parse_constant=refuse_constant, parse_int=read_digits)
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip(" \t\r\n")):
            raise BadBody("unexpected end of JSON input") from error
        raise BadBody(f"{error.msg} (character {error.pos + 1})") from error
    except RecursionError as error:
        raise BadBody("exceeded max depth") from error


def fold(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys can be looked up in lower case."""
    return {key.casefold(): value for key, value in pairs if value is not None}


def read_digits(digits: str) -> int:
    """An integer; of one that is much too long only that it is, as Python would not read it at all."""
    return int(digits[: LONGEST_NUMBER + 2])


def refuse_constant(name: str) -> NoReturn:
    """`NaN` and the like, which Python reads and JSON does not have."""
    raise BadBody(f"invalid value {name}")
