"""Plain JSON from what Python programs hand over, as a copy: later changes of theirs are not ours, nor ours theirs."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import TypeGuard

from poplin.schema.values import quote
from poplin.spec.jsontext import TOO_DEEP

MOST_LEVELS = 40  # of nesting; a configuration has six
MOST_BITS = 1 << 13  # of an integer; Python prints no more than 4300 digits


def make_plain(value: object, levels: int = MOST_LEVELS) -> object:
    """The value in dicts, lists, strings, numbers, booleans and None. Raises ValueError for what JSON does not have."""
    match value:
        case None | bool() | str():
            return value
        case int() if value.bit_length() <= MOST_BITS:
            return value
        case float() if isfinite(value):
            return value
        case int() | float():
            raise ValueError(f"the number {quote(value)} is too large")
        case _ if levels == 0:
            raise ValueError(f"the JSON has {TOO_DEEP}: {MOST_LEVELS} are the most")
        case Mapping():
            return {check_name(name): make_plain(item, levels - 1) for name, item in value.items()}
        case list() | tuple():
            return [make_plain(item, levels - 1) for item in value]
    raise ValueError(f"{quote(value)} has no form in JSON")


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a value is an integer, which true and 1.0 are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def check_name(name: object) -> str:
    """A name in an object."""
    if not isinstance(name, str):
        raise ValueError(f"the key {quote(name)} is not a string")
    return name
