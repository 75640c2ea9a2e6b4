"""The schemas themselves: valid for any tool, documented, and within what our validator reads."""

from __future__ import annotations

import tomllib

import pytest
from jsonschema import Draft202012Validator
from netlab import CHECKOUT
from schema.schemas import ALL, OURS, SCHEMAS, follow

from poplin.invoke.entry import PLUGINS
from poplin.schema.dialect import TYPES, get_validator
from poplin.schema.faults import MILD
from poplin.schema.formats import READERS
from poplin.schema.keywords import AS_CAPABILITY, BY_RUNTIME, FOR_IPAM
from poplin.schema.registry import FOLDERS
from poplin.schema.wording import SENTENCES

ANNOTATIONS = {"$schema", "$defs", "title", "description", "examples", "default", "x-default", "x-unit"}
PAGE = {"x-verbs", "x-objects", "x-differences", "x-args"}
STRUCTURE = {"$ref", "properties", "additionalProperties", "items", "allOf", "if", "then", "else", "x-exactNames"}
BRANCH = {"items", "properties", "required"}  # says more of what is described elsewhere


def conditions():
    return [(where, schema["if"]) for where, schema in ALL if "if" in schema]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_and_says_of_which_draft(name):
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_of_ours_has_a_schema_that_knows_its_type_and_says_what_it_does(plugin):
    schema = SCHEMAS[f"{plugin}.json"]
    assert plugin in OURS
    assert schema["title"] == plugin
    section = schema if plugin not in ("dhcp", "host-local", "static") else schema["$defs"]["ipam"]
    assert section["properties"]["type"]["enum"] == [plugin]
    assert list(schema["x-verbs"]) == ["ADD", "DEL", "CHECK", "STATUS", "GC"]
    assert schema["x-differences"]
    assert set(PAGE) - {"x-args"} <= set(schema)


def test_every_property_is_documented():
    undocumented = [
        f"{where}/properties/{name}"
        for where, schema in ALL
        for name, found in schema.get("properties", {}).items()
        if "description" not in follow(where, found) and not set(found) <= BRANCH
    ]
    assert undocumented == []


def test_every_keyword_is_one_we_read_or_describe():
    used = {key for _, schema in ALL for key in schema} - ANNOTATIONS - STRUCTURE - PAGE
    assert used == (set(SENTENCES) - {"x-twice"})
    assert used > MILD


def test_every_format_type_and_effect_is_known():
    assert {schema[key] for _, schema in ALL for key in ("format", "x-format") if key in schema} == set(READERS)
    assert all("format" in schema for _, schema in ALL if "x-format" in schema)
    assert {schema["type"] for _, schema in ALL if "type" in schema} == {*TYPES, "integer"}
    effects = {schema["x-unknownKeys"] for _, schema in ALL if "x-unknownKeys" in schema}
    assert effects == {"ignored", BY_RUNTIME, FOR_IPAM, AS_CAPABILITY}


def test_a_bound_never_comes_alone_because_messages_name_both():
    bounded = [schema for _, schema in ALL if {"minimum", "maximum"} & set(schema)]
    assert bounded
    assert all({"minimum", "maximum"} <= set(schema) for schema in bounded)


def test_what_must_not_be_empty_has_an_example_because_messages_propose_one():
    needy = [(where, follow(where, schema)) for where, schema in ALL if "minLength" in schema]
    assert needy
    lacking = [where for where, schema in needy if not {"examples", "enum"} & set(schema)]
    assert lacking == ["windows/containernetworking.json#/properties/type", "windows/microsoft.json#/properties/type"]


def test_conditions_choose_by_one_value_and_mean_the_same_to_any_validator():
    for where, condition in conditions():
        assert set(condition) == {"required", "properties"}, where
        assert condition["required"] == list(condition["properties"]), where
        assert all({"const"} <= set(rule) <= {"const", "x-exact"} for rule in condition["properties"].values()), where


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_example_fits_its_schema(name):
    for where, schema in ALL:
        for example in schema.get("examples", ()):
            is_list = isinstance(example, dict) and "plugins" in example  # how a plugin is chained
            if where.startswith(f"{name}#"):
                start = {"$ref": "/list.json" if is_list else f"/{where}".removesuffix("#")}
                assert list(get_validator("list").evolve(schema=start).iter_errors(example)) == [], where


def test_every_default_fits_its_schema():
    for where, schema in ALL:
        if "default" in schema:
            start = {"$ref": f"/{where}"}
            assert list(get_validator("list").evolve(schema=start).iter_errors(schema["default"])) == [], where


def test_validator_is_built_once():
    assert get_validator("windows/nat") is get_validator("windows/nat")


def test_the_package_has_the_schemas_where_they_are_looked_for():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    in_package, in_checkout = (folder.relative_to(CHECKOUT) for folder in FOLDERS)
    assert shipped[str(in_checkout)] == str(in_package)
