"""JSON as Windows PowerShell 5.1 lays it out, written after the description and not after our own writer."""

from __future__ import annotations

import json

INDENT = 4


def layout(value: object, column: int = 0) -> str:
    """The text of a value whose opening bracket stands in `column`; no container in it is empty."""
    if isinstance(value, dict):
        heads = [f"{json.dumps(key)}:  " for key in value]
        return enclose("{}", heads, list(value.values()), column)
    if isinstance(value, list):
        return enclose("[]", [""] * len(value), value, column)
    return json.dumps(value)


def enclose(brackets: str, heads: list[str], values: list[object], column: int) -> str:
    """Members four columns beyond the opening bracket, the closing one under it."""
    inner = column + INDENT
    lines = [" " * inner + head + layout(value, inner + len(head)) for head, value in zip(heads, values, strict=True)]
    return brackets[0] + "\n" + ",\n".join(lines) + "\n" + " " * column + brackets[1]
