"""One schema with all that it refers to, for whoever has only the one file: an editor."""

from __future__ import annotations

from typing import Any

from poplin.schema.registry import load_schemas, qualify

DEFINITIONS = "$defs"


def list_types() -> list[str]:
    """What there is a schema of: `bridge`, `list`, `windows/nat`."""
    return [name.removesuffix(".json") for name in load_schemas()]


def bundle(name: str) -> dict[str, Any]:
    """The schema of a type, the others it needs among its definitions. Raises KeyError."""
    schemas = load_schemas()
    whole = schemas[f"{name}.json"]
    needed = list_needed(f"{name}.json", schemas)
    start = relocate(qualify(whole, f"{name}.json"), f"{name}.json")
    others = {each: relocate(qualify(schemas[each], each), f"{name}.json") for each in needed}
    for each in others.values():
        del each["$schema"]
    definitions = {**start.pop(DEFINITIONS, {}), **others}
    return {**start, **({DEFINITIONS: definitions} if definitions else {})}


def list_needed(name: str, schemas: dict[str, dict[str, Any]]) -> list[str]:
    """The files that a file refers to, and those that they do, itself left out."""
    needed: dict[str, None] = {}
    left = [name]
    while left:
        file = left.pop()
        for other in list_references(qualify(schemas[file], file)):
            if other not in needed and other != name:
                needed[other] = None
                left.append(other)
    return list(needed)


def list_references(schema: Any) -> list[str]:
    """The files named in references."""
    if isinstance(schema, list):
        return [file for item in schema for file in list_references(item)]
    if not isinstance(schema, dict):
        return []
    own = [schema["$ref"].partition("#")[0].lstrip("/")] if isinstance(schema.get("$ref"), str) else []
    return [*own, *(file for item in schema.values() for file in list_references(item))]


def relocate(schema: Any, start: str) -> Any:
    """The same with references to where the files are in the bundle; the start is the bundle itself."""
    if isinstance(schema, list):
        return [relocate(item, start) for item in schema]
    if not isinstance(schema, dict):
        return schema
    moved = {key: relocate(value, start) for key, value in schema.items()}
    if isinstance(reference := moved.get("$ref"), str):
        file, _, place = reference.lstrip("/").partition("#")
        inside = "" if file == start else f"/{DEFINITIONS}/{file.replace('~', '~0').replace('/', '~1')}"
        moved["$ref"] = f"#{inside}{place}"
    return moved
