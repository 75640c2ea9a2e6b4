"""The schemas of what each Windows plugin accepts: `schemas/windows/NAME.json`, which refer to each other by file name.

They are valid JSON Schema 2020-12 for any other tool; `poplin.autogen.dialect` validates as the plugins would.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT202012

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (PACKAGE / "schemas", PACKAGE.parent / "schemas")  # as installed, and in a checkout


def resolve(reference: str) -> Any:
    """The schema a `$ref` leads to: `cni.json#/$defs/dns`."""
    return get_registry().resolver().lookup(reference).contents


@cache
def get_registry() -> Registry[Any]:
    """All schemas under their file names, as `$ref` has them."""
    resources = {}
    for name, schema in load_schemas().items():
        del schema["$schema"]  # where it stands, jsonschema changes over to the standard's own validator
        resources[name] = DRAFT202012.create_resource(qualify(schema, name))
    return Registry[Any]().with_resources(resources.items())


def qualify(schema: Any, name: str) -> Any:
    """The same with the file's name in references within the file, so that they lead there from anywhere."""
    if isinstance(schema, list):
        return [qualify(item, name) for item in schema]
    if not isinstance(schema, dict):
        return schema
    qualified = {key: qualify(value, name) for key, value in schema.items()}
    if isinstance(reference := qualified.get("$ref"), str) and reference.startswith("#"):
        qualified["$ref"] = name + reference
    return qualified


def load_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file name."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(find_folder().glob("*.json"))}


def find_folder() -> Path:
    """Where the schemas of the Windows plugins are."""
    folders = [folder / "windows" for folder in FOLDERS]
    return next(folder for folder in folders if folder.is_dir())
