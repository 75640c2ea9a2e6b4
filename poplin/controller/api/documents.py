"""The OpenAPI documents: made of the routes, so that none is forgotten, and served by the interfaces they describe.

A path stands here once for each version, since the bodies differ.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import json

from poplin.controller.api.headers import HSTS, REQUEST_ID, SECURITY
from poplin.controller.api.message import JSON, Reply
from poplin.controller.api.operations import OPERATIONS, Operation
from poplin.controller.api.routes import EXTERNAL, INTERNAL, PREFLIGHT, VERSION, VERSIONS, Route, with_preflights
from poplin.controller.api.schemas import SCHEMAS, named

Part = dict[str, Any]

PATH = "/openapi.json"
INFO = {
    "version": "1",
    "description": (
        "Answers to other paths are 404, and 405 with `Allow` for other methods, both in plain text."
        " A version that is none of those below is 406 with `api version '...' not supported`; agents may name any."
    ),
}
ALLOWED_BY = {
    "token": {"type": "http", "scheme": "bearer", "description": "Where the server has a `[uaa]`."},
    "certificate": {"type": "mutualTLS", "description": "Where it has none: names of it stand for scopes."},
}
HEADERS = {
    **{name: f"`{value}`" for name, value in (*HSTS, *SECURITY)},
    REQUEST_ID: "The id of the request in the logs, behind the one that was sent, if any: `abc::...`.",
    "Access-Control-Allow-Origin": "The page's server, or `*`; only for those that are configured.",
    "Access-Control-Allow-Methods": "Such as `POST,GET,OPTIONS`.",
    "Access-Control-Allow-Headers": "`authorization`",
    "Vary": "`Origin`, where there are pages of other servers.",
    "ETag": "When policies were last written.",
    "WWW-Authenticate": "`Bearer`",
}
OF_ALL = {
    "external": (*(name for name, _ in (*HSTS, *SECURITY)), "Access-Control-Allow-Origin", "Vary"),
    "internal": tuple(name for name, _ in HSTS),
}
OF_PREFLIGHTS = ("Access-Control-Allow-Methods", "Access-Control-Allow-Headers")


@cache
def describe_external() -> bytes:
    """The document of the interface for people."""
    routes = with_preflights((*EXTERNAL, route_document(describe_external)))
    document = describe("Poplin policy server", routes, OF_ALL["external"])
    document["security"] = [{name: []} for name in ALLOWED_BY]
    document["components"]["securitySchemes"] = ALLOWED_BY
    return encode(document)


@cache
def describe_internal() -> bytes:
    """The document of the interface for agents."""
    routes = (*INTERNAL, route_document(describe_internal))
    return encode(describe("Poplin policy server, for agents", routes, OF_ALL["internal"]))


def route_document(document: Callable[[], bytes]) -> Route:
    """Where an interface serves its document, to anybody."""
    return Route(method="GET", path=PATH, name="OpenApi", handle=lambda service, request: Reply(document()))


def encode(document: Part) -> bytes:
    """For people too."""
    return json.format(json.encode(document), indent=2) + b"\n"


def describe(title: str, routes: Sequence[Route], of_all: Sequence[str]) -> Part:
    """A document but for who is let in. `of_all`: the headers that every answer has."""
    paths: dict[str, Part] = {}
    for route in routes:
        for version, path in spell_paths(route):
            paths.setdefault(path, {})[route.method.lower()] = describe_route(route, version, path, of_all)
    headers = {name: {"description": text, "schema": {"type": "string"}} for name, text in HEADERS.items()}
    components = {"schemas": SCHEMAS, "headers": headers}
    return {"openapi": "3.1.0", "info": {"title": title, **INFO}, "paths": paths, "components": components}


def spell_paths(route: Route) -> Iterator[tuple[str, str]]:
    """Each version, `V1`, and the path for it; once, with an empty one, if the path has none."""
    if VERSION not in route.path:
        yield "", route.path
        return
    for version in VERSIONS:
        yield version.upper(), route.path.replace(VERSION, version)


def describe_route(route: Route, version: str, path: str, of_all: Sequence[str]) -> Part:
    """One method of one path."""
    operation = OPERATIONS[route.name]
    part: Part = {
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{path}").rstrip("_"),
        "summary": operation.summary,
        "responses": describe_answers(route, operation, version, of_all),
    }
    if operation.parameters:
        part["parameters"] = operation.parameters
    if operation.body:
        part["requestBody"] = {"required": True, "content": describe_json(operation.body, version)}
    return part if route.scopes else {**part, "security": []}


def describe_answers(route: Route, operation: Operation, version: str, of_all: Sequence[str]) -> Part:
    """By status."""
    answers = {200: describe_success(operation, version)}
    if operation.has_etag:
        answers[304] = {"description": "The client has this very list."}
    for status, texts in list_problems(route, operation).items():
        answers[status] = {"description": texts, "content": describe_json("Error", "")}
    return {
        str(status): {**answers[status], "headers": refer(list_headers(route, operation, status, of_all))}
        for status in sorted(answers)
    }


def list_problems(route: Route, operation: Operation) -> dict[int, str]:
    """Status and texts, with those of whoever is not let in."""
    problems = dict(operation.problems)
    if route.scopes:
        problems[401] = "`missing authorization header`, `failed to verify token with uaa` or about the certificate"
        refused = f"`provided scopes [...] do not include allowed scopes [{' '.join(route.scopes)}]`"
        problems[403] = f"{refused}, {problems[403]}" if 403 in problems else refused
    return problems


def list_headers(route: Route, operation: Operation, status: int, of_all: Sequence[str]) -> list[str]:
    """The names of those an answer has or may have."""
    own = OF_PREFLIGHTS if route.method == PREFLIGHT else (REQUEST_ID,)
    etag = ("ETag",) if operation.has_etag and status in (200, 304) else ()
    return [*of_all, *own, *etag, *(("WWW-Authenticate",) if status == 401 else ())]


def refer(headers: Sequence[str]) -> Part:
    """To what the components say of them."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in headers}


def describe_success(operation: Operation, version: str) -> Part:
    """What there is if all is well."""
    if operation.schema:
        return {"description": "Done.", "content": describe_json(operation.schema, version)}
    if operation.media:
        return {"description": "Done.", "content": {operation.media: {"schema": {"type": "string"}}}}
    return {"description": "Done; the answer is empty."}


def describe_json(schema: str, version: str) -> Part:
    """A body of this schema."""
    return {JSON: {"schema": named(schema.format(version=version))}}


def write_copies(folder: Path) -> None:
    """Put both documents where the docs have them."""
    (folder / "openapi-external.json").write_bytes(describe_external())
    (folder / "openapi-internal.json").write_bytes(describe_internal())


if __name__ == "__main__":
    write_copies(Path(sys.argv[1]))
