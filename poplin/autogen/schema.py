"""The schemas of what each Windows plugin accepts: `schemas/windows/NAME.json`, which refer to each other by file name.

They are valid JSON Schema 2020-12 for any other tool; `poplin.autogen.dialect` reads them as the plugins would.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from referencing import Registry
from referencing.jsonschema import DRAFT202012

from poplin.autogen.dialect import PluginValidator, make_format_checker

PACKAGE = Path(__file__).resolve().parents[1]
FOLDERS = (PACKAGE / "schemas", PACKAGE.parent / "schemas")  # as installed, and in a checkout


@cache
def get_validator(name: str) -> Any:
    """The validator of `NAME.json`; building it costs more than using it."""
    start = {"$ref": f"{name}.json"}
    return PluginValidator(start, registry=get_registry(), format_checker=make_format_checker())


@cache
def get_registry() -> Registry[Any]:
    """All schemas under their file names, as `$ref` has them."""
    resources = {}
    for name, schema in load_schemas().items():
        del schema["$schema"]  # where it stands, jsonschema changes over to the standard's own validator
        resources[name] = DRAFT202012.create_resource(schema)
    return Registry[Any]().with_resources(resources.items())


def load_schemas() -> dict[str, dict[str, Any]]:
    """Every schema by its file name."""
    return {path.name: json.loads(path.read_text("utf-8")) for path in sorted(find_folder().glob("*.json"))}


def find_folder() -> Path:
    """Where the schemas of the Windows plugins are."""
    folders = [folder / "windows" for folder in FOLDERS]
    return next(folder for folder in folders if folder.is_dir())
