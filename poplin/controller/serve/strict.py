"""Turn what a configuration file says into records, and collect every mistake instead of stopping at the first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct

from poplin.schema.nearest import find_nearest

Record = TypeVar("Record", bound=Struct)


def read_record(found: Mapping[str, object], kind: type[Record], where: str, mistakes: list[str]) -> Record | None:
    """The record, or None after a mistake, each of which is a line in `mistakes`: `controller.tag_length: ...`.

    Fields that are records or tables of records are read the same way; `where` names the table, empty for the file.
    """
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    before = len(mistakes)
    mistakes += [describe_unknown(join(where, key), key, list(fields)) for key in found if key not in fields]
    given = {
        key: read_value(found[key], fields[key].type, join(where, key), mistakes) for key in fields if key in found
    }
    required = [name for name, field in fields.items() if field.required and name not in found]
    mistakes += [f"{join(where, name)}: it is missing and needed" for name in required]
    return kind(**given) if len(mistakes) == before else None


def read_value(value: object, kind: Any, where: str, mistakes: list[str]) -> Any:
    """The value of one key."""
    record = find_record(kind)
    if record and isinstance(value, dict):
        return read_record(value, record, where, mistakes)
    if get_origin(kind) is dict and find_record(get_args(kind)[1]) and isinstance(value, dict):
        return {key: read_value(each, get_args(kind)[1], join(where, key), mistakes) for key, each in value.items()}
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        wanted = find_description(kind) or str(error).replace("`", "")
        mistakes.append(f"{where}: {value!r} will not do: {wanted}")
        return None


def find_description(kind: Any) -> str:
    """What the type, or one of those it may be, says of itself in a Meta; empty if it says nothing."""
    metas = [each for part in (kind, *get_args(kind)) for each in getattr(part, "__metadata__", ())]
    return next((each.description for each in metas if each.description), "")


def find_record(kind: Any) -> type[Struct] | None:
    """The record that a field holds: of `Uaa` and of `Uaa | None`."""
    candidates = (kind, *get_args(kind)) if get_origin(kind) is not dict else ()
    return next((each for each in candidates if isinstance(each, type) and issubclass(each, Struct)), None)


def describe_unknown(where: str, key: str, known: list[str]) -> str:
    """What to say of a key that nobody reads."""
    nearest = find_nearest(key, known)
    hint = f"did you mean {nearest!r}?" if nearest else f"there are {', '.join(known)}"
    return f"{where}: there is no such key; {hint}"


def join(where: str, key: str) -> str:
    """`controller.external`."""
    return f"{where}.{key}" if where else key
