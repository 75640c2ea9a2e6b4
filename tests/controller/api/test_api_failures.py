"""What clients hear when something behind the API fails: the text of the fact sheet, and nothing of why."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from controller.api_lab import ADMIN, BROKEN, WRITER, Client, DeadApps, OwnApps, make_service, make_v1

from poplin.controller.api.apps import make_external, make_health, make_internal
from poplin.controller.api.health import format_seconds
from poplin.controller.store import QuotaUnknown, Store, TagsExhausted
from poplin.policy.model import Policy

EXTERNAL, INTERNAL = "/networking/v1/external", "/networking/v1/internal"
ONE = {"policies": [make_v1("app1", "app2", 80)]}
TAG = {"id": "INGRESS_ROUTER", "type": "router"}


def make_client(store: Store, **settings: Any) -> Client:
    """An administrator."""
    return Client(make_external(make_service(store, **settings)), ADMIN)


@pytest.mark.facts("cf-control-plane", 54, 65, 71, 75)
@pytest.mark.parametrize(
    ("method", "path", "body", "text"),
    [
        ("GET", f"{EXTERNAL}/policies", None, "database read failed"),
        ("GET", f"{EXTERNAL}/policies?id=a", None, "database read failed"),
        ("POST", f"{EXTERNAL}/policies", ONE, "database create failed"),
        ("POST", f"{EXTERNAL}/policies/delete", ONE, "database delete failed"),
        ("POST", f"{EXTERNAL}/policies/cleanup", None, "policies cleanup failed"),
        ("GET", f"{EXTERNAL}/tags", None, "database read failed"),
        ("GET", "/health", None, "check database failed"),
    ],
)
def test_without_a_database_each_external_route_has_its_text(method: str, path: str, body: Any, text: str) -> None:
    answer = make_client(BROKEN).ask(method, path, json=body)
    assert (answer.status_code, answer.json()) == (500, {"error": text})


@pytest.mark.facts("cf-control-plane", 112, 113)
@pytest.mark.parametrize(
    ("method", "path", "body", "text"),
    [
        ("GET", f"{INTERNAL}/policies", None, "database read failed"),
        ("GET", f"{INTERNAL}/policies?id=a", None, "database read failed"),
        ("GET", f"{INTERNAL}/policies_last_updated", None, "database read failed"),
        ("GET", f"{INTERNAL}/security_groups", None, "database read failed"),
        ("GET", f"{INTERNAL}/security_groups_last_updated", None, "database read failed"),
        ("PUT", f"{INTERNAL}/tags", TAG, "database create failed"),
    ],
)
def test_without_a_database_each_internal_route_has_its_text(method: str, path: str, body: Any, text: str) -> None:
    answer = Client(make_internal(BROKEN)).ask(method, path, json=body)
    assert (answer.status_code, answer.json()) == (500, {"error": text})


@pytest.mark.facts("cf-control-plane", 12, 13)
def test_health_needs_a_database_and_the_uptime_does_not(store: Store) -> None:
    broken, healthy = (Client(make_health(each)) for each in (BROKEN, store))
    assert (healthy.get("/health").status_code, healthy.get("/health").content) == (200, b"")
    assert (broken.get("/health").status_code, broken.get("/").status_code) == (500, 200)


@pytest.mark.facts("cf-control-plane", 10, 11)
def test_the_uptime_is_told(store: Store) -> None:
    health, external = Client(make_health(store)), make_client(store)
    for answer in (health.get("/"), external.get("/"), external.get("/networking")):
        assert re.fullmatch(r"Network policy server, up for (\d+h)?(\d+m)?\d+s\n", answer.text)
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.9, "0s"), (59, "59s"), (60, "1m0s"), (3599, "59m59s"), (3600, "1h0m0s"), (90061, "25h1m1s")],
)
def test_a_time_is_written_as_go_does(seconds: float, text: str) -> None:
    assert format_seconds(seconds) == text


@pytest.mark.facts("cf-control-plane", 66)
def test_a_filter_that_fails_has_its_text(store: Store) -> None:
    store.create_policies([Policy("a", "b", "tcp", 80, 80)])
    answer = make_client(store, guard=OwnApps(is_broken=True)).get(f"{EXTERNAL}/policies", headers=WRITER)
    assert (answer.status_code, answer.json()) == (500, {"error": "filter policies failed"})


@pytest.mark.facts("cf-control-plane", 82)
@pytest.mark.parametrize("suffix", ["", "/delete"])
def test_a_guard_that_fails_has_its_text_and_nothing_is_changed(
    store: Store, suffix: str, caplog: pytest.LogCaptureFixture
) -> None:
    client = make_client(store, guard=OwnApps(is_broken=True))
    answer = client.post(f"{EXTERNAL}/policies{suffix}", headers=WRITER, json=ONE)
    assert (answer.status_code, answer.json()) == (500, {"error": "check access failed"})
    assert store.count_policies() == 0
    assert "getting space guids: no answer" in str(caplog.records[0].__dict__["data"])


def test_a_cleanup_that_fails_has_its_text(store: Store) -> None:
    client = make_client(store, cleaner=DeadApps(store, is_broken=True))
    answer = client.post(f"{EXTERNAL}/policies/cleanup")
    assert (answer.status_code, answer.json()) == (500, {"error": "policies cleanup failed"})


@pytest.mark.facts("cf-control-plane", 93)
@pytest.mark.parametrize("version", ["v0", "v1"])
def test_a_cleanup_tells_what_it_took_as_v1(store: Store, version: str) -> None:
    store.create_policies([Policy("live", "dead", "tcp", 80, 80), Policy("live", "live", "udp", 1, 9)])
    client = make_client(store, cleaner=DeadApps(store, {"dead"}))
    answer = client.post(f"/networking/{version}/external/policies/cleanup")
    assert answer.json() == {"total_policies": 1, "policies": [make_v1("live", "dead", 80)]}
    assert [item.policy.destination for item in store.list_policies()] == ["live"]


@pytest.mark.facts("cf-control-plane", 94)
def test_a_cleanup_may_find_nothing(store: Store) -> None:
    answer = make_client(store).post(f"{EXTERNAL}/policies/cleanup")
    assert (answer.status_code, answer.content) == (200, b'{"total_policies":0,"policies":[]}')


@pytest.mark.facts("cf-control-plane", 55, 108)
def test_without_a_free_tag_the_server_says_that_it_cannot(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise TagsExhausted("failed to find available tag: all are taken")

    monkeypatch.setattr(store, "create_policies", fail)
    monkeypatch.setattr(store, "ensure_tag", fail)
    answers = (
        make_client(store).post(f"{EXTERNAL}/policies", json=ONE),
        Client(make_internal(store)).put(f"{INTERNAL}/tags", json=TAG),
    )
    assert [(answer.status_code, answer.json()) for answer in answers] == 2 * [
        (500, {"error": "database create failed"})
    ]
    assert "failed to find available tag" in str(caplog.records[0].__dict__["data"])


@pytest.mark.facts("cf-control-plane", 92)
def test_a_quota_that_cannot_be_counted_has_its_text(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise QuotaUnknown("check quota: connection lost")

    monkeypatch.setattr(store, "create_policies", fail)
    client = make_client(store, guard=OwnApps({"app1", "app2"}))
    answer = client.post(f"{EXTERNAL}/policies", headers=WRITER, json=ONE)
    assert (answer.status_code, answer.json()) == (500, {"error": "check quota failed"})


def test_an_id_whose_tag_is_no_apps_is_a_conflict(store: Store) -> None:
    store.ensure_tag("app1", "router")
    answer = make_client(store).post(f"{EXTERNAL}/policies", json=ONE)
    assert answer.status_code == 409
    assert answer.json()["error"].startswith("database create failed: ")


def test_the_reason_is_in_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "poplin.controller")
    answer = make_client(BROKEN).get(f"{EXTERNAL}/policies")
    assert "s3cret" not in answer.text
    logged = [(record.message, record.__dict__["data"]) for record in caplog.records if record.levelname == "ERROR"]
    error = "StoreError: connection refused; its password is s3cret"
    assert logged == [("database-read-failed", {"error": error})]


def test_what_nobody_has_thought_of_is_a_500_without_a_traceback(store: Store) -> None:
    answer = make_client(store, authenticator=None).get(f"{EXTERNAL}/policies")
    assert (answer.status_code, answer.json()) == (500, {"error": "internal server error"})
