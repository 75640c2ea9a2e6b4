"""Who gets in: versions, callers, scopes, developers of the apps."""

from __future__ import annotations

import pytest
from controller.api_lab import ADMIN, DEVELOPER, WRITER, Client, OwnApps, make_service, make_v0, make_v1

from poplin.controller.api.apps import make_external
from poplin.controller.store import Store
from poplin.policy.model import Policy

POLICIES = "/networking/v1/external/policies"
EVERY_SCOPED = [
    ("GET", POLICIES),
    ("POST", POLICIES),
    ("POST", f"{POLICIES}/delete"),
    ("POST", f"{POLICIES}/cleanup"),
    ("GET", "/networking/v1/external/tags"),
    ("GET", "/networking/v1/external/whoami"),
]
OF_WRITERS, OF_ADMINS = EVERY_SCOPED[:3], EVERY_SCOPED[3:]
DENIED = {"error": "one or more applications cannot be found or accessed"}
OWN, FOREIGN = make_v1("own1", "own2", 80), make_v1("own1", "foreign", 80)


@pytest.fixture
def guard() -> OwnApps:
    """Who is no admin has two apps."""
    return OwnApps({"own1", "own2", "own3"})


@pytest.fixture
def client(store: Store, guard: OwnApps) -> Client:
    """Two policies an app, and no self service."""
    return Client(make_external(make_service(store, guard=guard, quota=2)))


@pytest.fixture
def served_self(store: Store, guard: OwnApps) -> Client:
    """With self service."""
    return Client(make_external(make_service(store, guard=guard, self_service=True)))


def create(client: Client, headers: dict[str, str], *policies: object) -> tuple[int, object]:
    """Status and body."""
    answer = client.post(POLICIES, headers=headers, json={"policies": policies})
    return answer.status_code, answer.json()


def delete(client: Client, headers: dict[str, str], *policies: object) -> tuple[int, object]:
    """Status and body."""
    answer = client.post(f"{POLICIES}/delete", headers=headers, json={"policies": policies})
    return answer.status_code, answer.json()


@pytest.mark.facts("cf-control-plane", 1)
@pytest.mark.parametrize(("method", "path"), EVERY_SCOPED)
def test_without_a_token_nobody_gets_in(client: Client, method: str, path: str) -> None:
    answer = client.ask(method, path)
    assert (answer.status_code, answer.content) == (401, b'{"error": "missing authorization header"}')
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.facts("cf-control-plane", 2)
@pytest.mark.parametrize(("method", "path"), EVERY_SCOPED)
def test_with_a_bad_token_nobody_gets_in(client: Client, method: str, path: str) -> None:
    answer = client.ask(method, path, headers={"Authorization": "bearer stolen"})
    assert (answer.status_code, answer.json()) == (401, {"error": "failed to verify token with uaa"})


@pytest.mark.facts("cf-control-plane", 5, 6)
@pytest.mark.parametrize(("method", "path"), OF_WRITERS)
@pytest.mark.parametrize(("token", "scopes"), [("stranger", "[wrong.scope]"), ("developer", "[]")])
def test_scopes_are_needed(client: Client, method: str, path: str, token: str, scopes: str) -> None:
    answer = client.ask(method, path, headers={"Authorization": f"Bearer {token}"})
    text = f"provided scopes {scopes} do not include allowed scopes [network.admin network.write]"
    assert (answer.status_code, answer.json()) == (403, {"error": text})


@pytest.mark.facts("cf-control-plane", 8)
@pytest.mark.parametrize(("method", "path"), OF_ADMINS)
def test_some_things_are_for_admins(client: Client, served_self: Client, method: str, path: str) -> None:
    text = "provided scopes [network.write] do not include allowed scopes [network.admin]"
    for each in (client, served_self):
        answer = each.ask(method, path, headers=WRITER)
        assert (answer.status_code, answer.json()) == (403, {"error": text})


@pytest.mark.facts("cf-control-plane", 7)
def test_developers_may_serve_themselves(served_self: Client) -> None:
    assert create(served_self, DEVELOPER, OWN) == (200, {})
    assert served_self.get(POLICIES, headers=DEVELOPER).json()["policies"] == [OWN]
    assert delete(served_self, DEVELOPER, OWN) == (200, {})


@pytest.mark.facts("cf-control-plane", 78)
def test_who_serves_themselves_has_only_their_own_apps(served_self: Client) -> None:
    assert create(served_self, DEVELOPER, FOREIGN) == (403, DENIED)


@pytest.mark.facts("cf-control-plane", 9)
@pytest.mark.parametrize("version", ["v100", "v2", "V1", "v", "1", "v1 "])
def test_an_unknown_version_is_refused_before_anybody_is_asked_who_they_are(client: Client, version: str) -> None:
    answer = client.get(f"/networking/{version}/external/policies")
    assert (answer.status_code, answer.json()) == (406, {"error": f"api version '{version}' not supported"})


def test_a_version_with_quotes_in_it_does_not_break_the_json(client: Client) -> None:
    answer = client.get("/networking/%22%0A%00%FF/external/tags")
    assert (answer.status_code, answer.json()) == (406, {"error": "api version '\"\n\0\ufffd' not supported"})


@pytest.mark.facts("cf-control-plane", 76)
def test_a_writer_connects_their_own_apps(client: Client, guard: OwnApps) -> None:
    assert create(client, WRITER, OWN) == (200, {})
    assert set(guard.asked) == {"guid-of-writer"}


@pytest.mark.facts("cf-control-plane", 77)
def test_a_writer_cannot_touch_the_apps_of_others(client: Client, store: Store) -> None:
    store.create_policies([Policy("own1", "foreign", "tcp", 80, 80)])
    assert create(client, WRITER, OWN, FOREIGN) == (403, DENIED)
    assert delete(client, WRITER, FOREIGN) == (403, DENIED)
    assert store.count_policies() == 1


def test_a_bad_policy_is_told_before_anybody_is_asked_about_it(client: Client, guard: OwnApps) -> None:
    assert create(client, WRITER, make_v1("own1", "foreign", 0))[0] == 400
    assert guard.asked == []


@pytest.mark.facts("cf-control-plane", 83, 91)
def test_an_admin_is_not_asked_about_apps_and_has_no_quota(client: Client, guard: OwnApps) -> None:
    assert create(client, ADMIN, *(make_v1("foreign", "own1", port) for port in (1, 2, 3))) == (200, {})
    assert client.get(POLICIES, headers=ADMIN).json()["total_policies"] == 3
    assert guard.asked == []


@pytest.mark.facts("cf-control-plane", 85, 86)
def test_a_writer_sees_policies_of_which_both_apps_are_theirs(client: Client, store: Store) -> None:
    foreign = [Policy(f"foreign{number}", "own1", "tcp", 80, 80) for number in range(75)]
    more = [Policy("own1", f"foreign{number}", "tcp", 80, 80) for number in range(75)]
    store.create_policies([*foreign, *more, Policy("own1", "own2", "tcp", 80, 80)])
    answer = client.get(POLICIES, headers=WRITER)
    assert answer.json() == {"total_policies": 1, "policies": [OWN]}


def test_a_writer_sees_no_ranges_in_v0_either(client: Client, store: Store) -> None:
    store.create_policies([Policy("own1", "own2", "tcp", 80, 90), Policy("own1", "own2", "tcp", 80, 80)])
    answer = client.get("/networking/v0/external/policies", headers=WRITER)
    assert answer.json() == {"total_policies": 1, "policies": [make_v0("own1", "own2", 80)]}


@pytest.mark.facts("cf-control-plane", 88, 89)
def test_a_writer_has_a_quota(client: Client) -> None:
    exceeded = (403, {"error": "policy quota exceeded"})
    assert create(client, WRITER, make_v1("own1", "own2", 1), make_v1("own1", "own2", 2)) == (200, {})
    assert create(client, WRITER, make_v1("own1", "own2", 3)) == exceeded
    assert delete(client, WRITER, make_v1("own1", "own2", 1)) == (200, {})
    assert create(client, WRITER, make_v1("own1", "own2", 3)) == (200, {})


@pytest.mark.facts("cf-control-plane", 90)
def test_each_source_has_its_own_quota(client: Client, store: Store) -> None:
    store.create_policies([Policy("own2", "own1", "tcp", port, port) for port in (1, 2)])
    both = make_v1("own1", "own2", 1), make_v1("own2", "own1", 3)
    assert create(client, WRITER, *both) == (403, {"error": "policy quota exceeded"})
    assert create(client, WRITER, both[0]) == (200, {})


@pytest.mark.facts("cf-control-plane", 14, 15)
@pytest.mark.parametrize(("token", "subject"), [("admin", "admin"), ("service", "service-id")])
def test_a_caller_learns_who_they_are(client: Client, token: str, subject: str) -> None:
    answer = client.get("/networking/v1/external/whoami", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (200, {"subject": subject})
