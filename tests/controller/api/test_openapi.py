"""The OpenAPI documents have every route, are served to anybody, and are the copies in the docs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from controller.api_lab import BROKEN, Client, make_service

from poplin.controller.api import routes
from poplin.controller.api.apps import make_external, make_internal
from poplin.controller.api.documents import describe_external, describe_internal
from poplin.controller.api.operations import OPERATIONS

DOCS = Path(__file__).parents[3] / "docs" / "controller"
DOCUMENTS = {"external": describe_external, "internal": describe_internal}
UPDATE = "python -m poplin.controller.api.documents docs/controller"


def make_app(interface: str) -> Any:
    """The interface of this name."""
    return make_external(make_service(BROKEN)) if interface == "external" else make_internal(BROKEN)


def references(part: Any) -> set[str]:
    """Every `$ref` in it."""
    if isinstance(part, list):
        return set().union(*map(references, part))
    if not isinstance(part, dict):
        return set()
    own = {part["$ref"]} if "$ref" in part else set()
    return own.union(*map(references, part.values()))


@pytest.mark.parametrize("interface", DOCUMENTS)
def test_the_copy_in_the_docs_is_the_document(interface: str) -> None:
    copy = DOCS / f"openapi-{interface}.json"
    assert copy.read_bytes() == DOCUMENTS[interface](), f"make it again: {UPDATE}"


@pytest.mark.parametrize("interface", DOCUMENTS)
def test_anybody_may_read_the_document(interface: str) -> None:
    answer = Client(make_app(interface)).get("/openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    assert answer.content == DOCUMENTS[interface]()


@pytest.mark.parametrize("interface", DOCUMENTS)
def test_every_route_is_described(interface: str) -> None:
    paths = json.loads(DOCUMENTS[interface]())["paths"]
    table = {"external": routes.with_preflights(routes.EXTERNAL), "internal": routes.INTERNAL}[interface]
    for route in table:
        for version in ("v0", "v1"):
            assert route.method.lower() in paths[route.path.replace(":version", version)]


def test_every_description_is_of_a_route() -> None:
    names = {route.name for route in (*routes.EXTERNAL, *routes.INTERNAL)}
    assert OPERATIONS.keys() == names | {"OpenApi", ""}


@pytest.mark.parametrize("interface", DOCUMENTS)
def test_whatever_is_referred_to_is_there(interface: str) -> None:
    document = json.loads(DOCUMENTS[interface]())
    for reference in references(document["paths"]):
        _, _, kind, name = reference.split("/")
        assert name in document["components"][kind]


@pytest.mark.parametrize("interface", DOCUMENTS)
def test_what_needs_scopes_says_so(interface: str) -> None:
    document = json.loads(DOCUMENTS[interface]())
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            is_open = operation.get("security") == []
            assert is_open == ("401" not in operation["responses"]), f"{method} {path}"
