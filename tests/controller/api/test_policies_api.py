"""Creating, listing and deleting policies as an administrator."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from controller.api_lab import Client, make_v0, make_v1

from poplin.controller.store import Store

V0, V1 = "/networking/v0/external/policies", "/networking/v1/external/policies"


@pytest.fixture
def three(admin: Client) -> Client:
    """app1 to app2 at one port, app3 to app1 at a range, and app3 to app4 at one port, made with v0."""
    create(admin, V1, make_v1("app1", "app2", 1234), make_v1("app3", "app1", 8080, 8090))
    create(admin, V0, make_v0("app3", "app4", 7777))
    return admin


def create(client: Client, path: str, *policies: dict[str, Any]) -> None:
    """Have them."""
    answer = client.post(path, json={"policies": policies})
    assert (answer.status_code, answer.content) == (200, b"{}")


def delete(client: Client, path: str, *policies: dict[str, Any]) -> None:
    """Have them no more."""
    answer = client.post(f"{path}/delete", json={"policies": policies})
    assert (answer.status_code, answer.content) == (200, b"{}")


def count(client: Client, path: str) -> int:
    """How many are listed, which is what the list says."""
    answer = client.get(path)
    assert answer.status_code == 200
    body = answer.json()
    assert body["total_policies"] == len(body["policies"])
    return int(body["total_policies"])


def sources(client: Client, path: str) -> list[str]:
    """Whose policies are listed."""
    return sorted(item["source"]["id"] for item in client.get(path).json()["policies"])


@pytest.mark.facts("cf-control-plane", 64)
@pytest.mark.parametrize("path", [V0, V1])
def test_an_empty_list_is_a_list(admin: Client, path: str) -> None:
    assert admin.get(path).content == b'{"total_policies":0,"policies":[]}'


@pytest.mark.facts("cf-control-plane", 48)
def test_a_policy_of_v1_is_listed_as_it_was_made(admin: Client) -> None:
    create(admin, V1, make_v1("app1", "app2", 8090))
    assert admin.get(V1).json() == {"total_policies": 1, "policies": [make_v1("app1", "app2", 8090)]}


@pytest.mark.facts("cf-control-plane", 49)
def test_a_policy_of_v0_is_listed_as_it_was_made(admin: Client) -> None:
    create(admin, V0, make_v0("app1", "app2", 8080, "udp"))
    assert admin.get(V0).json() == {"total_policies": 1, "policies": [make_v0("app1", "app2", 8080, "udp")]}


@pytest.mark.facts("cf-control-plane", 36, 37)
@pytest.mark.parametrize("policy", [make_v1("a", "b", 42, 123), make_v1("a", "a", 80), make_v1("a", "b", 1, 65535)])
def test_ranges_and_apps_that_talk_to_themselves_are_fine(admin: Client, policy: dict[str, Any]) -> None:
    create(admin, V1, policy)
    assert admin.get(V1).json()["policies"] == [policy]


@pytest.mark.facts("cf-control-plane", 50)
def test_a_policy_that_is_there_can_be_made_again(admin: Client, store: Store) -> None:
    create(admin, V1, make_v1("app1", "app2", 80))
    before = store.last_updated()
    create(admin, V1, make_v1("app1", "app2", 80))
    assert count(admin, V1) == 1
    assert store.last_updated() > before


@pytest.mark.facts("cf-control-plane", 56, 57)
def test_v0_does_not_list_ranges(three: Client) -> None:
    assert (count(three, V1), count(three, V0)) == (3, 2)


@pytest.mark.facts("cf-control-plane", 58, 59, 60, 61, 62, 63)
@pytest.mark.parametrize(
    ("query", "in_v1", "in_v0"),
    [
        ("id=app1,app2", 2, 1),
        ("source_id=app1,app2", 1, 1),
        ("dest_id=app1,app4", 2, 1),
        ("source_id=app1,app3&dest_id=app2,app4", 2, 2),
        ("id=app4&source_id=app1", 1, 1),
        ("id=app4&id=app1", 1, 1),
        ("id=", 0, 0),
        ("id", 0, 0),
        ("source_id=", 0, 0),
        ("source_id=app3&dest_id=", 0, 0),
        ("id=%00", 0, 0),
        ("id=app1%27%20OR%201=1%20--", 0, 0),
        ("ID=app4", 3, 2),
        ("id=app%34", 1, 1),
    ],
)
def test_a_query_selects(three: Client, query: str, in_v1: int, in_v0: int) -> None:
    assert (count(three, f"{V1}?{query}"), count(three, f"{V0}?{query}")) == (in_v1, in_v0)


@pytest.mark.facts("cf-control-plane", 62)
def test_id_wins_over_the_other_parameters(three: Client) -> None:
    assert sources(three, f"{V1}?source_id=app3&dest_id=app4&id=app2") == ["app1"]


@pytest.mark.facts("cf-control-plane", 67)
def test_v1_deletes_what_v0_has_made(three: Client) -> None:
    delete(three, V1, make_v1("app3", "app1", 8080, 8090), make_v1("app3", "app4", 7777))
    assert three.get(V1).json()["policies"] == [make_v1("app1", "app2", 1234)]


@pytest.mark.facts("cf-control-plane", 68)
def test_a_part_of_a_range_is_not_the_range(three: Client) -> None:
    delete(three, V1, make_v1("app3", "app1", 8080, 8089))
    assert count(three, V1) == 3


@pytest.mark.facts("cf-control-plane", 69)
def test_v0_deletes_what_v1_has_made(three: Client) -> None:
    delete(three, V0, make_v0("app1", "app2", 1234), make_v0("app3", "app4", 7777))
    assert (count(three, V0), sources(three, V1)) == (0, ["app3"])


@pytest.mark.facts("cf-control-plane", 70)
def test_what_is_not_there_is_deleted_already(three: Client) -> None:
    unknown = [make_v1("nobody", "app2", 1), make_v1("app1", "nobody", 1), make_v1("app1", "app2", 1)]
    delete(three, V1, *unknown, make_v1("app1", "app2", 1234))
    assert sources(three, V1) == ["app3", "app3"]


@pytest.mark.facts("cf-control-plane", 47)
def test_one_bad_policy_spoils_all(admin: Client) -> None:
    answer = admin.post(V1, json={"policies": [make_v1("a", "b", 80), make_v1("a", "b", 0)]})
    assert (answer.status_code, answer.json()) == (400, {"error": "mapper: validate policies: missing start port"})
    assert count(admin, V1) == 0


@pytest.mark.facts("cf-control-plane", 38, 39)
@pytest.mark.parametrize(
    ("path", "policy", "text"),
    [(V1, make_v0("a", "b", 80), "missing start port"), (V0, make_v1("a", "b", 80), "missing port")],
)
def test_a_body_of_the_other_version_is_told_what_it_lacks(
    admin: Client, path: str, policy: dict[str, Any], text: str
) -> None:
    answer = admin.post(path, json={"policies": [policy]})
    assert (answer.status_code, answer.json()) == (400, {"error": f"mapper: validate policies: {text}"})


@pytest.mark.facts("cf-control-plane", 44, 45)
@pytest.mark.parametrize("suffix", ["", "/delete"])
@pytest.mark.parametrize(("body", "text"), [(b"", "unexpected end of JSON input"), (b"no", "Expecting value")])
def test_what_is_no_json_is_refused(admin: Client, suffix: str, body: bytes, text: str) -> None:
    answer = admin.post(V1 + suffix, content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith(f"mapper: unmarshal json: {text}")


@pytest.mark.facts("cf-control-plane", 72)
def test_delete_checks_as_create_does(admin: Client) -> None:
    answer = admin.post(f"{V1}/delete", json={"policies": [make_v1("a", "b", 80, protocol="")]})
    text = "mapper: validate policies: invalid destination protocol, specify either udp or tcp"
    assert (answer.status_code, answer.json()) == (400, {"error": text})


@pytest.mark.facts("cf-control-plane", 53)
def test_who_made_and_deleted_what_is_logged(admin: Client, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "poplin.controller")
    create(admin, V1, make_v1("app1", "app2", 80))
    delete(admin, V1, make_v1("app1", "app2", 80))
    policy = {"source": "app1", "destination": "app2", "protocol": "tcp", "start": 80, "end": 80}
    logged = [(record.message, record.__dict__["data"]) for record in caplog.records if record.levelname == "INFO"]
    data = {"policies": [policy], "userName": "admin"}
    assert logged == [("create-policies.created-policies", data), ("delete-policies.deleted-policies", data)]


@pytest.mark.facts("cf-control-plane", 99)
def test_tags_are_listed_by_number(three: Client) -> None:
    tags = three.get("/networking/v0/external/tags").json()["tags"]
    assert {tag["id"] for tag in tags} == {"app1", "app2", "app3", "app4"}
    assert [tag["tag"] for tag in tags] == ["0001", "0002", "0003", "0004"]
    assert {tag["type"] for tag in tags} == {"app"}


def test_without_tags_the_list_of_tags_is_empty(admin: Client) -> None:
    assert admin.get("/networking/v1/external/tags").content == b'{"tags":[]}'


def test_answers_are_json(three: Client) -> None:
    for path in (V1, "/networking/v1/external/whoami", "/networking/v9/external/whoami"):
        assert three.get(path).headers["content-type"] == "application/json"
