"""Names in any case, as Go's JSON decoder reads them, and so the plugins."""

from __future__ import annotations

from collections.abc import Mapping


def fold(names: Mapping[str, object]) -> dict[str, list[str]]:
    """The spellings of each name that are there, under the name in lower case."""
    spellings: dict[str, list[str]] = {}
    for name in names:
        spellings.setdefault(name.lower(), []).append(name)
    return spellings


def find_key(names: Mapping[str, object], name: str) -> str | None:
    """The spelling of a name that counts: of several the last."""
    wanted = name.lower()
    return next((key for key in reversed(list(names)) if key.lower() == wanted), None)


def find_value(names: Mapping[str, object], name: str) -> object | None:
    """What is there under a name, None if there is nothing."""
    key = find_key(names, name)
    return None if key is None else names[key]
