"""The schemas of the Windows plugins, and what a validator of any other make does with them."""

from __future__ import annotations

import pytest
from autogen.configurations import endpoint
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from schema.schemas import ALL, SCHEMAS, follow

from poplin.autogen.checking import PLUGIN_TYPES, PLUGINS, find_plugin

CONDITIONS = [(where, schema["if"]) for where, schema in ALL if "if" in schema]
POLICIES = ("windows/endpoint-policy.json", "windows/hns-policy.json")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_has_a_schema_of_its_name_that_knows_its_types(plugin):
    schema = SCHEMAS[f"windows/{plugin}.json"]
    types = [name for name in PLUGIN_TYPES if find_plugin(name) == plugin]
    assert schema["title"] == plugin
    assert schema["properties"]["type"]["enum"] == types


def test_every_property_has_a_title_because_messages_name_it():
    properties = [
        (f"{where}/properties/{name}", follow(where, found))
        for where, schema in ALL
        for name, found in schema.get("properties", {}).items()
        if where.startswith("windows/") and not set(found) <= {"items", "properties", "required"}
    ]
    assert properties
    assert [where for where, schema in properties if "title" not in schema] == []


@pytest.mark.parametrize("name", POLICIES)
def test_policies_with_settings_of_their_own_are_known_types(name):
    known = SCHEMAS[name]["properties"]["Type"]["x-known"]["values"]
    chosen = [c["properties"]["Type"]["const"] for where, c in CONDITIONS if where.startswith(name)]
    assert chosen
    assert set(chosen) <= set(known)


# A plain validator, which compares names with their case and knows no keyword of ours.


def plain_validator(plugin):
    resources = [(name, DRAFT202012.create_resource(schema)) for name, schema in SCHEMAS.items()]
    return Draft202012Validator({"$ref": f"windows/{plugin}.json"}, registry=Registry().with_resources(resources))


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
