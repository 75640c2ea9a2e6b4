"""Headers around the answers, other methods, other paths."""

from __future__ import annotations

import re
from typing import Any

import pytest
from controller.api_lab import ADMIN, Client, make_service

from poplin.controller.api.apps import make_external, make_internal
from poplin.controller.api.routes import EXTERNAL
from poplin.controller.store import Store

POLICIES = "/networking/v1/external/policies"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"
ALLOWED = "https://foo.bar"


def make_client(store: Store, **settings: Any) -> Client:
    """An administrator."""
    return Client(make_external(make_service(store, **settings)), ADMIN)


@pytest.fixture
def client(store: Store) -> Client:
    """Pages of one other server may use the interface."""
    return make_client(store, cors=("https://example.com", ALLOWED))


@pytest.mark.facts("cf-control-plane", 17)
def test_a_page_that_is_allowed_asks_what_it_may(client: Client) -> None:
    answer = client.ask("OPTIONS", POLICIES, headers={"Origin": ALLOWED})
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert answer.headers["access-control-allow-methods"] == "POST,GET,OPTIONS"
    assert answer.headers["access-control-allow-headers"] == "authorization"
    assert answer.headers["x-frame-options"] == "deny"
    assert answer.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert "x-vcap-request-id" not in answer.headers


@pytest.mark.parametrize("path", sorted({route.path.replace(":version", "v0") for route in EXTERNAL}))
def test_every_path_may_be_asked_about_by_anybody(store: Store, path: str) -> None:
    answer = Client(make_external(make_service(store))).ask("OPTIONS", path)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["access-control-allow-methods"].endswith(",OPTIONS")


@pytest.mark.facts("cf-control-plane", 18)
def test_a_page_that_is_allowed_reads(client: Client) -> None:
    answer = client.get(POLICIES, headers={"Origin": ALLOWED})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, ALLOWED)
    assert "access-control-allow-methods" not in answer.headers
    assert answer.headers["vary"] == "Origin"


@pytest.mark.facts("cf-control-plane", 19)
@pytest.mark.parametrize("origin", ["https://other", "https://foo.bar.evil", "HTTPS://FOO.BAR", ""])
def test_a_page_that_is_not_allowed_is_served_without_the_header(client: Client, origin: str) -> None:
    answer = client.get(POLICIES, headers={"Origin": origin})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.facts("cf-control-plane", 20)
@pytest.mark.parametrize("method", ["GET", "OPTIONS"])
def test_a_star_allows_every_page(store: Store, method: str) -> None:
    answer = make_client(store, cors=("*",)).ask(method, POLICIES, headers={"Origin": "https://bing.com"})
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.facts("cf-control-plane", 22)
@pytest.mark.parametrize("path", ["/", "/networking", "/health", POLICIES, "/networking/v7/external/policies"])
@pytest.mark.parametrize("headers", [ADMIN, {"Authorization": "Bearer stolen"}])
def test_every_answer_of_a_known_path_is_guarded(client: Client, path: str, headers: dict[str, str]) -> None:
    answer = client.get(path, headers=headers)
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-xss-protection"] == "1; mode=block"
    assert answer.headers["x-frame-options"] == "deny"


@pytest.mark.facts("cf-control-plane", 23, 121)
def test_browsers_are_told_to_stay_with_tls_where_there_is_tls(store: Store) -> None:
    name = "strict-transport-security"
    assert name not in make_client(store, has_tls=False).get("/").headers
    assert make_client(store).get("/").headers[name] == "max-age=31536000"
    internal = Client(make_internal(store)).get("/networking/v1/internal/policies")
    assert internal.headers[name] == "max-age=31536000"


@pytest.mark.facts("cf-control-plane", 24)
@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, UUID), ({"X-VCAP-Request-ID": "abc"}, f"abc::{UUID}"), ({"X-VCAP-Request-ID": ""}, UUID)],
)
def test_a_request_has_an_id(client: Client, given: dict[str, str], expected: str) -> None:
    answer = client.get("/", headers=given)
    assert re.fullmatch(expected, answer.headers["x-vcap-request-id"])


def test_an_id_that_could_break_a_log_is_cleaned(client: Client) -> None:
    answer = client.get("/", headers=[(b"X-Vcap-Request-Id", b"a\x01\x7f b\xe9" + b"c" * 999)])
    assert re.fullmatch(f"abc{{198}}::{UUID}", answer.headers["x-vcap-request-id"])


@pytest.mark.parametrize(
    "path",
    ["/nothing", POLICIES + "/", "/networking//external/policies", "/networking/v1/x/external/policies", "/health%0A"],
)
def test_there_are_no_other_paths(client: Client, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.text) == (404, "404 page not found\n")
    assert "x-xss-protection" not in answer.headers


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", POLICIES, "POST, GET, OPTIONS"),
        ("DELETE", POLICIES + "/delete", "POST, OPTIONS"),
        ("POST", "/health", "GET, OPTIONS"),
        ("TRACE", "/networking/v9/external/tags", "GET, OPTIONS"),
    ],
)
def test_there_are_no_other_methods(client: Client, method: str, path: str, allowed: str) -> None:
    answer = client.ask(method, path)
    assert (answer.status_code, answer.text, answer.headers["allow"]) == (405, "Method Not Allowed\n", allowed)
    assert "x-xss-protection" not in answer.headers


def test_there_is_no_head_either(client: Client) -> None:
    answer = client.ask("HEAD", POLICIES)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST, GET, OPTIONS")


def test_agents_have_no_preflights(agent: Client) -> None:
    answer = agent.ask("OPTIONS", "/networking/v1/internal/policies")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


@pytest.mark.facts("cf-control-plane", 11)
def test_every_request_is_counted_under_its_name(store: Store) -> None:
    seen: list[tuple[str, int]] = []
    client = make_client(store, observe=lambda name, seconds, status: seen.append((name, status)))
    client.get("/networking")
    client.get(POLICIES)
    client.post(POLICIES + "/delete")
    client.get("/networking/v1/external/whoami", headers={"Authorization": "Bearer stolen"})
    client.ask("OPTIONS", POLICIES)
    client.get("/nothing")
    assert seen == [("Uptime", 200), ("PoliciesIndex", 200), ("DeletePolicies", 400), ("WhoAmI", 401)]
