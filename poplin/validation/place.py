"""The place of a configuration that a plugin's error is about.

Plugins name keys and values in their messages, `ipam.ranges[0][0].subnet` or promiscMode or 10.22.0.1/16; they have
no idea of lines. So the message is searched for what the configuration has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from poplin.schema.source import Path
from poplin.validation.effective import find_key, find_value

QUOTED = re.compile(r"`([^`]+)`")
STEP = re.compile(r"[^.\[\]]+|\[(\d+)\]")
RANGE_SET = re.compile(r"range sets? (?:\d+ and )?(\d+)")
KEY, VALUE = 2, 1  # what naming the one, and the other, counts for
SHORTEST = 2  # characters of a value that can be told from any other text
MOST = 10_000  # places to look at


def find_place(config: object, message: str) -> tuple[Path, bool]:
    """The path, and whether it leads to what the message is about, not just to what that would be in."""
    ways = [find_path(config, text) for text in QUOTED.findall(message)]
    if ways:
        return next((way for way in ways if way[1]), max(ways, key=lambda way: len(way[0])))
    path = find_named(config, message) or find_range_set(config, message)
    return path, bool(path)


def find_path(config: object, text: str) -> tuple[Path, bool]:
    """As much of a path like `ipam.ranges[0]` as there is, and whether that is all of it."""
    path: list[str | int] = []
    for step in STEP.finditer(text):
        key: str | int | None = None
        if isinstance(config, dict) and step[1] is None:
            key = find_key(config, step[0])
        elif isinstance(config, list) and step[1] is not None and int(step[1]) < len(config):
            key = int(step[1])
        if key is None:
            return tuple(path), False
        path.append(key)
        config = config[key]  # type: ignore[index]
    return tuple(path), bool(path)


def find_named(config: object, message: str) -> Path:
    """The value that the message names best, by its key or as it is written; empty if there is none."""
    best = 0
    found: Path = ()
    for path, value in islice(list_values(config), MOST):
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        score = KEY * is_in(key, message) + VALUE * (is_in(value, message) if len(value) >= SHORTEST else False)
        if score > best:
            best, found = score, path
    return found


def list_values(config: object) -> Iterator[tuple[Path, str]]:
    """Everything that is no object or list, with its path."""
    left: list[tuple[Path, object]] = [((), config)]
    while left:
        path, value = left.pop()
        if isinstance(value, dict):
            left += [((*path, key), item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            left += [((*path, number), item) for number, item in reversed(list(enumerate(value)))]
        else:
            yield path, value if isinstance(value, str) else ""


def is_in(word: str, message: str) -> bool:
    """Whether the message has it as a word of its own."""
    return bool(word) and re.search(rf"(?<!\w){re.escape(word)}(?![\w/])", message) is not None


def find_range_set(config: object, message: str) -> Path:
    """Range sets go by their numbers: that of the older style, which is `ipam` itself, comes before `ranges`."""
    named = RANGE_SET.search(message)
    key = find_key(config, "ipam") if named and isinstance(config, dict) else None
    if named is None or key is None or not isinstance(config, dict):
        return ()
    ipam = config[key]
    number = int(named[1]) - bool(isinstance(ipam, dict) and find_value(ipam, "subnet"))
    return (key, *find_path(ipam, f"ranges[{number}]")[0]) if number >= 0 else (key,)
