"""What the OpenAPI document says of each route, by the name of the route's metrics."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from poplin.controller.api.filters import BIGGEST
from poplin.controller.api.message import JSON, TEXT

Parameter = dict[str, Any]

READ_FAILED = "`database read failed`"
BODY = "`mapper: unmarshal json: ...` or `mapper: validate policies: ...`"
ACCESS_DENIED = "`one or more applications cannot be found or accessed`"


class Operation(Struct, frozen=True):
    """`{version}` in the name of a schema is `V0` or `V1`."""

    summary: str
    schema: str = ""  # of the answer; empty if it has no JSON
    media: str = JSON  # of the answer; empty if it has no body
    body: str = ""  # the schema of the request's
    parameters: tuple[Parameter, ...] = ()
    problems: dict[int, str] = {}  # status -> texts, besides those of scopes
    has_etag: bool = False  # and so may be answered with 304


def make_ids(name: str, text: str) -> Parameter:
    """Ids between commas."""
    schema = {"type": "array", "items": {"type": "string"}}
    return {"name": name, "in": "query", "description": text, "schema": schema, "style": "form", "explode": False}


def make_number(name: str, text: str) -> Parameter:
    """A number of the query."""
    schema = {"type": "integer", "minimum": 0, "maximum": BIGGEST}
    return {"name": name, "in": "query", "description": text, "schema": schema}


OPERATIONS: dict[str, Operation] = {
    "Uptime": Operation("For how long the server runs.", media=TEXT),
    "Health": Operation("Whether the database answers.", media="", problems={500: "`check database failed`"}),
    "CreatePolicies": Operation(
        "Create policies, all or none; those that are there already are no mistake.",
        "Done",
        body="PoliciesToChange{version}",
        problems={
            400: f"`failed reading request body`, {BODY}",
            403: f"{ACCESS_DENIED} or `policy quota exceeded`",
            409: "`database create failed: ...`: an id has a tag that is no app's",
            500: "`check access failed`, `check quota failed` or `database create failed`",
        },
    ),
    "PoliciesIndex": Operation(
        "Policies, of all that the caller may see. Those for a range of ports are not in v0.",
        "Policies{version}",
        parameters=(
            make_ids("id", "Only policies with one of these on any side; the others are ignored then."),
            make_ids("source_id", "Only policies from one of these."),
            make_ids("dest_id", "Only policies to one of these."),
        ),
        problems={500: f"{READ_FAILED} or `filter policies failed`"},
    ),
    "DeletePolicies": Operation(
        "Delete policies; those that are not there are no mistake.",
        "Done",
        body="PoliciesToChange{version}",
        problems={
            400: f"`invalid request body`, {BODY}",
            403: ACCESS_DENIED,
            500: "`check access failed` or `database delete failed`",
        },
    ),
    "Cleanup": Operation(
        "Delete the policies of apps that are gone, and tell which they were.",
        "PoliciesV1",
        problems={500: "`policies cleanup failed`"},
    ),
    "TagsIndex": Operation("All tags that are taken, in order.", "Tags", problems={500: READ_FAILED}),
    "WhoAmI": Operation("Whom the server takes the caller for.", "Subject"),
    "InternalPolicies": Operation(
        "Policies with their tags. Those for a range of ports are not in v0. Any other version is v1.",
        "TaggedPolicies{version}",
        parameters=(
            make_ids("id", "Only policies with one of these on any side."),
            {
                "name": "If-None-Match",
                "in": "header",
                "description": "An ETag: the answer is empty if nothing was written since.",
                "schema": {"type": "string"},
            },
        ),
        problems={500: READ_FAILED},
        has_etag=True,
    ),
    "InternalPoliciesLastUpdated": Operation(
        "When policies were last written, in nanoseconds since 1970; only ever grows.",
        "Nanoseconds",
        problems={500: READ_FAILED},
    ),
    "InternalSecurityGroups": Operation(
        "The security groups of all spaces, and those of the spaces asked for.",
        "SecurityGroups",
        parameters=(
            make_ids("space_guids", "Which spaces."),
            make_number("from", "The `next` of the page before."),
            make_number("limit", "How many; 0 is all."),
            make_number("per_page", "The same, where there is no `limit`."),
        ),
        problems={400: "`invalid value for 'from' parameter` and the like", 500: READ_FAILED},
    ),
    "InternalSecurityGroupsLastUpdated": Operation(
        "When security groups were last replaced, in nanoseconds since 1970.",
        "Nanoseconds",
        problems={500: READ_FAILED},
    ),
    "CreateTags": Operation(
        "The tag of an id that is no app's; it is made if need be.",
        "Tag",
        body="TagToEnsure",
        problems={
            400: "`failed reading request body` or `failed parsing request body: ...`",
            409: "`database create failed: ...`: the id has a tag of another type",
            500: "`database create failed`",
        },
    ),
    "OpenApi": Operation("This document.", "Document"),
    "": Operation("What a page of another server may ask here.", media=""),
}
