"""A configuration as plugins read it: of several spellings of a name the last counts, and null is nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from poplin.schema import casing
from poplin.schema.finding import WARNING, Fault
from poplin.schema.source import Path
from poplin.schema.values import quote

MOST_LEVELS = 40  # of nesting; a configuration has six, and what is deeper no plugin looks at


def find_key(config: Mapping[str, object], name: str) -> str | None:
    """The spelling of a name that counts, None if there is none but null."""
    return casing.find_key({key: value for key, value in config.items() if value is not None}, name)


def find_value(config: Mapping[str, object], name: str) -> object | None:
    """What a plugin finds under a name."""
    key = find_key(config, name)
    return None if key is None else config[key]


def make_effective(value: object, levels: int = MOST_LEVELS) -> object:
    """The value without what does not count."""
    if levels == 0:
        return value
    if isinstance(value, list):
        return [make_effective(item, levels - 1) for item in value]
    if not isinstance(value, dict):
        return value
    last = {key.lower(): key for key, item in value.items() if item is not None}
    return {key: make_effective(item, levels - 1) for key, item in value.items() if last.get(key.lower()) == key}


def list_overridden(value: object, path: Path = (), levels: int = MOST_LEVELS) -> Iterator[Fault]:
    """The spellings that do not count."""
    items: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        items = list(value.items())
        for spellings in casing.fold({key: item for key, item in value.items() if item is not None}).values():
            for key in spellings[:-1]:
                text = f"{quote(spellings[-1])} is the same name to the plugin, and counts"
                yield Fault((*path, key), text, "write it once", WARNING, is_about_key=True)
    elif isinstance(value, list):
        items = list(enumerate(value))
    for step, item in items if levels else ():
        yield from list_overridden(item, (*path, step), levels - 1)
