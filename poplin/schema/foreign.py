"""Schemas of plugins that are not ours: TYPE.json, as those in `schemas/`, to whose definitions it may refer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, SchemaError

from poplin.schema.bundle import list_references
from poplin.schema.registry import add_schema, is_added, load_schemas, qualify
from poplin.spec.errors import DecodingFailure, InvalidConfig

ENDING = ".json"


def add_file(place: str) -> None:
    """Have configurations of this type checked by the schema. Raises CNIError, OSError."""
    file = Path(place)
    plugin_type = file.name.removesuffix(ENDING)
    if file.name in load_schemas() and not is_added(file.name):
        raise InvalidConfig(f"there is a schema {plugin_type!r} already", f"{place} has to be called as its plugin")
    text = file.read_text("utf-8", errors="replace")
    check(read(text, place), place)
    add_schema(file.name, text)


def read(text: str, place: str) -> dict[str, Any]:
    """The schema. Raises DecodingFailure."""
    try:
        schema = json.loads(text)
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise DecodingFailure(f"{place} is no JSON Schema", f"at {error.json_path}: {error.message[:200]}") from None
    except (ValueError, RecursionError) as error:
        raise DecodingFailure(f"{place} is no JSON", str(error)) from None
    if not isinstance(schema, dict):
        raise DecodingFailure(f"{place} is no JSON Schema of a configuration", "it is no object")
    return schema


def check(schema: dict[str, Any], place: str) -> None:
    """Raises InvalidConfig for references that lead nowhere, as to files that are not ours."""
    name = Path(place).name
    known = {*load_schemas(), name}
    unknown = sorted(set(list_references(qualify(schema, name))) - known)
    if unknown:
        raise InvalidConfig(f"{place} refers to {', '.join(unknown)}", "it may refer to `plugin.json` and to itself")
