"""The schemas themselves: valid for any tool, documented, and within what our validator reads."""

from __future__ import annotations

import tomllib

import pytest
from autogen.configurations import endpoint
from jsonschema import Draft202012Validator
from netlab import CHECKOUT
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from poplin.autogen.checking import MILD, PLUGIN_TYPES, PLUGINS, find_plugin
from poplin.autogen.dialect import BY_RUNTIME, FOR_IPAM, TYPES, get_validator
from poplin.autogen.formats import READERS
from poplin.autogen.schema import FOLDERS, get_registry, load_schemas
from poplin.autogen.wording import SENTENCES

SCHEMAS = load_schemas()
ANNOTATIONS = {"$schema", "$defs", "title", "description", "examples"}
STRUCTURE = {"$ref", "properties", "additionalProperties", "items", "allOf", "if", "then", "else"}
POLICIES = ("endpoint-policy.json", "hns-policy.json")


def each_schema(schema, where):
    """A schema and all schemas in it, with their places; conditions are none of their own."""
    yield where, schema
    for group in ("properties", "$defs"):
        for name, inner in schema.get(group, {}).items():
            yield from each_schema(inner, f"{where}/{group}/{name}")
    for key in ("items", "then", "else", "additionalProperties"):
        if key in schema:
            yield from each_schema(schema[key], f"{where}/{key}")
    for number, inner in enumerate(schema.get("allOf", ())):
        yield from each_schema(inner, f"{where}/allOf/{number}")


ALL = [pair for name, schema in SCHEMAS.items() for pair in each_schema(schema, name)]


def conditions():
    return [(where, schema["if"]) for where, schema in ALL if "if" in schema]


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema_is_valid_and_says_of_which_draft(name):
    assert SCHEMAS[name]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(SCHEMAS[name])


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_has_a_schema_of_its_name_that_knows_its_types(plugin):
    schema = SCHEMAS[f"{plugin}.json"]
    types = [name for name in PLUGIN_TYPES if find_plugin(name) == plugin]
    assert schema["title"] == plugin
    assert schema["properties"]["type"]["enum"] == types


def test_every_property_is_documented_where_it_is_defined():
    undocumented = [
        f"{where}/properties/{name}"
        for where, schema in ALL
        for name, found in schema.get("properties", {}).items()
        if not {"title", "description"} <= set(follow(where, found))
        if not set(found) <= {"items", "properties", "required"}  # a branch says more of what is described elsewhere
    ]
    assert undocumented == []


def follow(where, schema):
    """The schema, with what it refers to."""
    if "$ref" not in schema:
        return schema
    return {**get_registry().resolver(where.partition("/")[0]).lookup(schema["$ref"]).contents, **schema}


def test_every_keyword_is_one_we_read_or_describe():
    used = {key for _, schema in ALL for key in schema} - ANNOTATIONS - STRUCTURE
    assert used == (set(SENTENCES) - {"x-twice"})
    assert used > MILD


def test_every_format_type_and_effect_is_known():
    assert {schema[key] for _, schema in ALL for key in ("format", "x-format") if key in schema} == set(READERS)
    assert all("format" in schema for _, schema in ALL if "x-format" in schema)
    assert {schema["type"] for _, schema in ALL if "type" in schema} == {*TYPES, "integer"}
    assert {schema["x-unknownKeys"] for _, schema in ALL if "x-unknownKeys" in schema} == {
        "ignored",
        BY_RUNTIME,
        FOR_IPAM,
    }


def test_numbers_have_both_bounds_because_messages_name_both():
    numbers = [schema for _, schema in ALL if schema.get("type") == "integer" and "x-known" not in schema]
    assert numbers
    assert all({"minimum", "maximum"} <= set(schema) for schema in numbers)


def test_conditions_choose_by_one_value_and_mean_the_same_to_any_validator():
    for where, condition in conditions():
        assert set(condition) == {"required", "properties"}, where
        assert condition["required"] == list(condition["properties"]), where
        assert all({"const"} <= set(rule) <= {"const", "x-exact"} for rule in condition["properties"].values()), where


@pytest.mark.parametrize("name", POLICIES)
def test_policies_with_settings_of_their_own_are_known_types(name):
    known = SCHEMAS[name]["properties"]["Type"]["x-known"]["values"]
    chosen = [c["properties"]["Type"]["const"] for where, c in conditions() if where.startswith(name)]
    assert chosen
    assert set(chosen) <= set(known)


def test_every_example_fits_its_schema():
    for where, schema in ALL:
        for example in schema.get("examples", ()):
            name, _, place = where.partition("/")
            validator = get_validator(name.removesuffix(".json"))
            start = {"$ref": f"{name}#/{place}" if place else name}
            assert list(validator.evolve(schema=start).iter_errors(example)) == [], where


def test_validator_is_built_once():
    assert get_validator("nat") is get_validator("nat")


# A plain validator, which compares names with their case and knows no keyword of ours.


def plain_validator(plugin):
    resources = [(name, DRAFT202012.create_resource(schema)) for name, schema in SCHEMAS.items()]
    return Draft202012Validator({"$ref": f"{plugin}.json"}, registry=Registry().with_resources(resources))


def policy(kind, **settings):
    return endpoint(Type=kind, Settings=settings)


GENERATED = {
    "cniVersion": "0.3.0",
    "name": "azure-cni",
    "type": "sdnbridge",
    "master": "Ethernet",
    "capabilities": {"portMappings": True, "dns": True},
    "ipam": {"environment": "azure", "subnet": "192.168.0.0/24", "routes": [{"GW": "192.168.0.2"}]},
    "dns": {"Nameservers": ["8.8.8.8"], "Search": ["svc.cluster.local"]},
    "optionalFlags": {"localRoutedPortMapping": True, "allowAclPortMapping": True},
    "AdditionalArgs": [
        policy("OutBoundNAT", Exceptions=["192.168.0.0/24", "10.0.0.5/32"]),
        policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True),
        policy("ACL", Remoteports="8080", Action="Block", Protocols="6", Direction="Out", Priority=2001),
    ],
}


def test_plain_validator_accepts_what_is_generated():
    assert list(plain_validator("sdnbridge").iter_errors(GENERATED)) == []


@pytest.mark.parametrize(
    "change",
    [
        {"type": "L2Tunnel"},
        {"cniVersion": "0.3.1"},
        {"ipam": {"subnet": 24}},
        {"AdditionalArgs": [{"Name": "EndpointPolicy"}]},
        {"AdditionalArgs": [policy("ACL", Action="Deny", Direction="Out")]},
        {"AdditionalArgs": [policy("OutBoundNAT", Exceptions="10.0.0.0/8")]},
    ],
    ids=str,
)
def test_plain_validator_refuses_what_the_plugin_refuses(change):
    assert len(list(plain_validator("sdnbridge").iter_errors(GENERATED | change))) == 1


def test_the_package_has_the_schemas_where_they_are_looked_for():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    shipped = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    in_package, in_checkout = (folder.relative_to(CHECKOUT) for folder in FOLDERS)
    assert shipped == {str(in_checkout): str(in_package)}
