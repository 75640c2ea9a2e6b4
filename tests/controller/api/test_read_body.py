"""Bodies that are too long, that never end, and clients that go away."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import pytest
from controller.api_lab import ADMIN, Client, make_service, make_v1

from poplin.controller.api.apps import make_external, make_internal
from poplin.controller.api.asgi import MOST_BYTES
from poplin.controller.store import Store
from poplin.policy.model import Policy

POLICIES = "/networking/v1/external/policies"
TEXTS = {POLICIES: "failed reading request body", f"{POLICIES}/delete": "invalid request body"}
CHUNK = 1 << 20


async def ask(
    app: Any, path: str, messages: Iterator[dict[str, Any]], headers: dict[str, str], method: str = "POST"
) -> tuple[int, bytes]:
    """Status and body of the answer to a request whose body comes in these messages."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    raw = [(name.lower().encode(), value.encode()) for name, value in {**ADMIN, **headers}.items()]
    scope = {"type": "http", "method": method, "path": path, "query_string": b"", "headers": raw}
    await app(scope, receive, send)
    return sent[0]["status"], sent[1]["body"]


def stream(chunks: int, read: list[int]) -> Iterator[dict[str, Any]]:
    """So many chunks; `read` gets the number of each that was asked for."""
    for number in range(chunks):
        read.append(number)
        yield {"type": "http.request", "body": b" " * CHUNK, "more_body": number < chunks - 1}


def refuse(path: str) -> tuple[int, bytes]:
    """What is answered if the body cannot be read."""
    return 400, b'{"error": "%s"}' % TEXTS[path].encode()


@pytest.fixture
def app(store: Store) -> Any:
    """The external interface."""
    return make_external(make_service(store))


@pytest.mark.facts("cf-control-plane", 46)
@pytest.mark.parametrize("path", TEXTS)
def test_eleven_mebibytes_are_too_many(admin: Client, path: str) -> None:
    answer = admin.post(path, content=b" " * (11 << 20))
    assert (answer.status_code, answer.content) == refuse(path)


def test_ten_mebibytes_are_not(admin: Client) -> None:
    answer = admin.post(POLICIES, content=b" " * MOST_BYTES)
    assert answer.json() == {"error": "mapper: unmarshal json: unexpected end of JSON input"}


@pytest.mark.parametrize(("chunks", "expected"), [(11, 11), (20, 20), (1000, 21)])
def test_a_client_may_end_what_it_sends_unless_it_is_far_too_long(app: Any, chunks: int, expected: int) -> None:
    read: list[int] = []
    assert asyncio.run(ask(app, POLICIES, stream(chunks, read), {})) == refuse(POLICIES)
    assert len(read) == expected


@pytest.mark.parametrize(
    "headers", [{"Content-Length": "99999999"}, {"Content-Length": "11000000", "Expect": "100-continue"}]
)
def test_a_client_that_announces_too_much_is_answered_before_it_sends(app: Any, headers: dict[str, str]) -> None:
    read: list[int] = []
    assert asyncio.run(ask(app, POLICIES, stream(1, read), headers)) == refuse(POLICIES)
    assert read == []


def go_away_after(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A client that has sent all it wants to say, but not that this is all."""
    yield {"type": "http.request", "body": json.dumps(body).encode(), "more_body": True}
    yield {"type": "http.disconnect"}


@pytest.mark.parametrize("path", TEXTS)
def test_a_client_that_goes_away_changes_nothing(app: Any, path: str, store: Store) -> None:
    store.create_policies([Policy("a", "b", "tcp", 80, 80)])
    messages = go_away_after({"policies": [make_v1("a", "b", 80), make_v1("a", "b", 81)]})
    assert asyncio.run(ask(app, path, messages, {})) == refuse(path)
    assert store.count_policies() == 1


@pytest.mark.facts("cf-control-plane", 107)
def test_an_agent_that_goes_away_makes_no_tag(store: Store) -> None:
    messages = go_away_after({"id": "INGRESS_ROUTER", "type": "router"})
    answer = asyncio.run(ask(make_internal(store), "/networking/v1/internal/tags", messages, {}, "PUT"))
    assert (answer, store.list_tags()) == (refuse(POLICIES), [])


def test_nothing_is_read_of_a_stranger(app: Any) -> None:
    read: list[int] = []
    status, _ = asyncio.run(ask(app, POLICIES, stream(1, read), {"Authorization": "Bearer stolen"}))
    assert (status, read) == (401, [])
