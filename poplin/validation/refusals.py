"""Everything a reader would refuse, although it stops at its first mistake: it reads again without what it named."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from poplin.schema.finding import Fault
from poplin.schema.source import Path
from poplin.spec.errors import CNIError
from poplin.validation.place import find_place
from poplin.validation.readers import Object, Reader

MOST_REFUSALS = 8  # of one reader; each costs another reading


def list_refusals(read: Reader, config: Object, wrong: set[Path]) -> Iterator[Fault]:
    """What a reader says, besides the places that are known to be wrong, to which this adds.

    Without what was taken away it may miss that: only what is about something that is there counts, except in the
    first reading.
    """
    is_whole = not wrong
    config = without(config, wrong)
    for _ in range(MOST_REFUSALS):
        error = find_refusal(read, config)
        if error is None:
            return
        path, is_there = find_place(config, str(error))
        if is_whole or is_there:
            yield Fault(path, " ".join(str(error).split()))
        if not is_there:
            return
        is_whole = False
        wrong.add(path)
        config = without(config, {path})


def find_refusal(read: Reader, config: Object) -> CNIError | None:
    """Why the reader does not take the configuration."""
    try:
        read(config)
    except CNIError as error:
        return error
    return None


def without(config: Object, paths: set[Path]) -> Object:
    """A copy of the configuration without what is at these places, all at once: there may be thousands.

    Instead of an item all of the list goes, or it would be renumbered; instead of what is missing what lacks it.
    """
    found = cut(config, {widen(config, path) for path in paths})
    return found if isinstance(found, dict) else {}


def widen(config: Object, path: Path) -> Path:
    """The path of the key that goes; empty if there is none."""
    while path and (isinstance(path[-1], int) or not has_path(config, path)):
        path = path[:-1]
    return path


def has_path(value: object, path: Path) -> bool:
    """Whether there is something at the path."""
    for step in path:
        if isinstance(value, dict) and step in value:
            value = value[str(step)]
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return False
    return True


def cut(value: object, places: Collection[Path]) -> object:
    """A copy of the value without the keys at the ends of these paths."""
    inside: dict[str | int, list[Path]] = {}
    for path in filter(None, places):
        inside.setdefault(path[0], []).append(path[1:])
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if () not in inside.get(key, ())}
        return {key: cut(item, inside[key]) if key in inside else item for key, item in kept.items()}
    if isinstance(value, list):
        return [cut(item, inside[number]) if number in inside else item for number, item in enumerate(value)]
    return value
