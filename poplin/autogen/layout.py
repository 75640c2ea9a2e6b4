"""The configuration as text: plain JSON, or JSON as Windows PowerShell 5.1 lays it out. ASCII in either case."""

from __future__ import annotations

import json
from collections.abc import Callable

JSON = "json"
POWERSHELL = "powershell"

# ConvertTo-Json writes these as escapes, so that the text may stand in HTML and scripts.
ESCAPED = {ord(character): f"\\u{ord(character):04x}" for character in "<>&'"}
STEP = 4


def render(document: object, layout: str = JSON, *, crlf: bool = False) -> bytes:
    """The bytes of a file, with one newline at its end. Raises ValueError for an unknown layout."""
    if layout not in LAYOUTS:
        raise ValueError(f"unknown layout {layout!r}; write {' or '.join(LAYOUTS)}")
    text = LAYOUTS[layout](document) + "\n"
    return text.replace("\n", "\r\n" if crlf else "\n").encode("ascii")


def format_json(document: object) -> str:
    """What most tools write."""
    return json.dumps(document, indent=STEP)


def format_powershell(value: object, column: int = 0) -> str:
    """What ConvertTo-Json writes: everything stands four columns to the right of the bracket it is in.

        "ipam":  {
                     "subnet":  "10.0.0.0/24",

    `column` is that of the value's first character.
    """
    inner = column + STEP
    if isinstance(value, dict):
        names = [f"{escape(name)}:  " for name in value]
        parts = [
            name + format_powershell(item, inner + len(name)) for name, item in zip(names, value.values(), strict=True)
        ]
        return enclose("{}", parts, column)
    if isinstance(value, list):
        return enclose("[]", [format_powershell(item, inner) for item in value], column)
    if isinstance(value, str):
        return escape(value)
    return json.dumps(value).upper() if isinstance(value, float) else json.dumps(value)  # 1E-07


def enclose(brackets: str, parts: list[str], column: int) -> str:
    """Parts on lines of their own; where there are none a line stays empty."""
    lines = ",\n".join(" " * (column + STEP) + part for part in parts)
    return f"{brackets[0]}\n{lines}\n{' ' * column}{brackets[1]}"


def escape(text: str) -> str:
    """A JSON string as ConvertTo-Json writes it."""
    return json.dumps(text).translate(ESCAPED)


LAYOUTS: dict[str, Callable[[object], str]] = {JSON: format_json, POWERSHELL: format_powershell}
