"""What --explain prints: policies in the order of their evaluation, as a table or as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from poplin.autogen.evaluation import Explained
from poplin.autogen.policy import Policy

HEAD = ("ORDER", "PRIORITY", "POLICY", "FROM")
NOTE = "! "


def format_table(explained: Sequence[Explained]) -> str:
    """Lines for people; notes stand below their policy."""
    rows = [
        (
            str(order),
            "-" if policy.priority is None else str(policy.priority),
            describe(policy),
            describe_origin(policy),
        )
        for order, policy in enumerate((item.policy for item in explained), 1)
    ]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    lines = [align(HEAD, widths)]
    indent = " " * (widths[0] + widths[1] + 4)
    for row, item in zip(rows, explained, strict=True):
        lines += [align(row, widths), *(f"{indent}{NOTE}{note}" for note in item.notes)]
    return "\n".join(lines)


def align(row: Sequence[str], widths: Sequence[int]) -> str:
    """One line; the last column needs no filling."""
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def describe(policy: Policy) -> str:
    """`ACL Block Out RemoteAddresses=10.0.0.0/8`: the settings that say most first, without a name."""
    leading = [str(value) for value in (policy.find("Action"), policy.find("Direction")) if policy.is_acl and value]
    others = [
        f"{show(name)}={format_setting(value)}"
        for name, value in policy.settings.items()
        if name.lower() != "priority" and not (policy.is_acl and name.lower() in ("action", "direction"))
    ]
    return " ".join([show(policy.type), *leading, *others])


def describe_origin(policy: Policy) -> str:
    """`default 5001, LocalEndpoint`."""
    return ", ".join([policy.origin, *policy.keys])


def format_setting(value: object) -> str:
    """Lists as Windows writes them, with commas."""
    if isinstance(value, list):
        return ",".join(map(format_setting, value))
    return show(value) if isinstance(value, str) else json.dumps(value)


def show(text: str) -> str:
    """As it is, unless a terminal would take it for more than text."""
    return text if text.isprintable() else json.dumps(text)


def as_objects(explained: Sequence[Explained]) -> list[dict[str, object]]:
    """For --json."""
    return [
        {
            "order": order,
            "priority": item.policy.priority,
            "type": item.policy.type,
            "settings": dict(item.policy.settings),
            "from": item.policy.origin,
            "keys": list(item.policy.keys),
            "notes": list(item.notes),
        }
        for order, item in enumerate(explained, 1)
    ]
