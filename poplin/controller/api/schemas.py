"""The JSON of bodies and answers, as JSON Schema for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from poplin.controller.api.validate import ID_PATTERN, LAST_PORT, PROTOCOLS

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NANOSECONDS: Schema = {"type": "integer", "format": "int64", "minimum": 0}
COUNT: Schema = {"type": "integer", "minimum": 0}
TAG: Schema = {"type": "string", "pattern": "^([0-9A-F]{2})+$"}
STORED_PORT: Schema = {"type": "integer"}  # the original let in ports above 65535
ID: Schema = {"type": "string", "pattern": f"^{ID_PATTERN}$"}
PORT: Schema = {"type": "integer", "minimum": 1, "maximum": LAST_PORT}
PROTOCOL: Schema = {"type": "string", "enum": list(PROTOCOLS)}


def exactly(properties: dict[str, Schema]) -> Schema:
    """An object with all of these and no others: our answers."""
    return {**at_least(properties), "additionalProperties": False}


def at_least(properties: dict[str, Schema]) -> Schema:
    """An object with all of these: what clients send, of which we ignore the rest."""
    return {"type": "object", "required": list(properties), "properties": properties}


def list_of(schema: Schema) -> Schema:
    """Any number of them."""
    return {"type": "array", "items": schema}


def named(name: str) -> Schema:
    """One of SCHEMAS."""
    return {"$ref": f"#/components/schemas/{name}"}


def ports(port: Schema) -> Schema:
    """A range; both ends belong to it."""
    return exactly({"start": port, "end": port})


def answer(source: dict[str, Schema], destination: dict[str, Schema]) -> Schema:
    """A list of policies whose sides have, besides an id, these."""
    sides = {
        "source": exactly({"id": TEXT, **source}),
        "destination": exactly({"id": TEXT, "protocol": PROTOCOL, **destination}),
    }
    return exactly({"total_policies": COUNT, "policies": list_of(exactly(sides))})


def wish(destination: dict[str, Schema]) -> Schema:
    """A list of policies to create or delete."""
    sides = {
        "source": at_least({"id": ID}),
        "destination": at_least({"id": ID, "protocol": PROTOCOL, **destination}),
    }
    return at_least({"policies": {**list_of(at_least(sides)), "minItems": 1}})


SCHEMAS: dict[str, Schema] = {
    "Error": exactly({"error": TEXT}),
    "Done": exactly({}),
    "PoliciesV0": answer({}, {"port": STORED_PORT}),
    "PoliciesV1": answer({}, {"ports": ports(STORED_PORT)}),
    "PoliciesToChangeV0": wish({"port": PORT}),
    "PoliciesToChangeV1": wish({"ports": at_least({"start": PORT, "end": PORT})}),
    "TaggedPoliciesV0": answer({"tag": TAG}, {"tag": TAG, "port": STORED_PORT, "ports": ports(STORED_PORT)}),
    "TaggedPoliciesV1": answer({"tag": TAG}, {"tag": TAG, "ports": ports(STORED_PORT)}),
    "Tag": exactly({"id": TEXT, "tag": TAG, "type": TEXT}),
    "TagToEnsure": at_least({"id": ID, "type": ID}),
    "Tags": exactly({"tags": list_of(named("Tag"))}),
    "Subject": exactly({"subject": TEXT}),
    "Nanoseconds": NANOSECONDS,
    "SecurityGroup": exactly(
        {
            "guid": TEXT,
            "name": TEXT,
            "rules": {"type": "string", "contentMediaType": "application/json"},
            "staging_default": FLAG,
            "running_default": FLAG,
            "staging_space_guids": list_of(TEXT),
            "running_space_guids": list_of(TEXT),
        }
    ),
    "SecurityGroups": exactly({"next": COUNT, "security_groups": list_of(named("SecurityGroup"))}),
    "Document": {"type": "object", "required": ["openapi"]},
}
