"""The schemas: `schemas/TYPE.json` of our plugins, `schemas/windows/TYPE.json` of the Windows plugins.

Whoever has a plugin of his own adds the schema of that. They refer to each other by file name, and are valid JSON
Schema 2020-12 for any other tool; `poplin.schema.dialect` validates as the plugins would.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from referencing import Registry

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (PACKAGE / "schemas", PACKAGE.parent / "schemas")  # as installed, and in a checkout

_others: dict[str, str] = {}  # the text of schemas that were added, by file name


def resolve(reference: str) -> Any:
    """The schema a `$ref` of the registry leads to: `/windows/cni.json#/$defs/dns`."""
    return get_registry().resolver().lookup(reference).contents


@cache
def get_registry() -> Registry[Any]:
    """All schemas, with references that lead to the right one from anywhere."""
    from referencing import Registry  # with jsonschema: printing a schema needs neither
    from referencing.jsonschema import DRAFT202012

    resources = {}
    for name, schema in load_schemas().items():
        del schema["$schema"]  # where it stands, jsonschema changes over to the standard's own validator
        resources[locate_schema(name)] = DRAFT202012.create_resource(qualify(schema, name))
    return Registry[Any]().with_resources(resources.items())


def locate_schema(name: str) -> str:
    """Under which name the registry has the file `windows/nat.json`."""
    return f"/{name}"


def qualify(schema: Any, name: str) -> Any:
    """The same with whole names in references: `#/$defs/dns` of a file, and its neighbours."""
    if isinstance(schema, list):
        return [qualify(item, name) for item in schema]
    if not isinstance(schema, dict):
        return schema
    qualified = {key: qualify(value, name) for key, value in schema.items()}
    if isinstance(reference := qualified.get("$ref"), str):
        file, _, place = reference.partition("#")
        neighbour = str(Path(name).with_name(file).as_posix()) if file else name
        qualified["$ref"] = locate_schema(neighbour) + (f"#{place}" if place else "")
    return qualified


def load_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file name, those of the Windows plugins as `windows/NAME.json`."""
    folder = find_folder()
    files = [*sorted(folder.glob("*.json")), *sorted(folder.glob("windows/*.json"))]
    own = {file.relative_to(folder).as_posix(): load_schema(file) for file in files}
    return own | {name: json.loads(text) for name, text in _others.items()}


def add_schema(name: str, text: str) -> None:
    """Know the plugin of somebody else whose schema this is, `name` being its file's."""
    _others[name] = text
    get_registry.cache_clear()


def is_added(name: str) -> bool:
    """Whether the schema of this file was added."""
    return name in _others


def load_schema(file: Path) -> dict[str, Any]:
    """One schema as it was written."""
    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return schema


def find_folder() -> Path:
    """Where the schemas are."""
    return next(folder for folder in FOLDERS if folder.is_dir())
