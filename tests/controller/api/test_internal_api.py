"""What agents ask for."""

from __future__ import annotations

import pytest
from controller.api_lab import Client

from poplin.controller.store import Store
from poplin.policy.model import Policy, SecurityGroup

INTERNAL = "/networking/v1/internal"
POLICIES = [
    Policy("app1", "app2", "tcp", 1234, 1234),
    Policy("app3", "app1", "tcp", 8080, 8090),
    Policy("app2", "app3", "udp", 53, 53),
    Policy("app3", "app4", "tcp", 7777, 7777),
]


def make_group(
    number: int, *, everywhere: bool = False, staging: tuple[str, ...] = (), running: tuple[str, ...] = ()
) -> SecurityGroup:
    """A security group; `everywhere` is for staging in all spaces."""
    rules = '[{"protocol":"tcp"}]'
    return SecurityGroup(f"guid-{number}", f"name-{number}", rules, everywhere, False, staging, running)


@pytest.fixture
def stocked(agent: Client, store: Store) -> Client:
    """Four policies over four apps."""
    store.create_policies(POLICIES)
    return agent


@pytest.mark.facts("cf-control-plane", 109)
def test_an_agent_gets_the_policies_of_its_apps_with_tags(stocked: Client) -> None:
    answer = stocked.get(f"{INTERNAL}/policies?id=app1,app2")
    tags = {tag: f"{number:04d}" for number, tag in enumerate(("app1", "app2", "app3", "app4"), 1)}
    expected = [
        {
            "source": {"id": policy.source, "tag": tags[policy.source]},
            "destination": {
                "id": policy.destination,
                "tag": tags[policy.destination],
                "protocol": policy.protocol,
                "ports": {"start": policy.start, "end": policy.end},
            },
        }
        for policy in POLICIES[:3]
    ]
    body = answer.json()
    assert (answer.status_code, body["total_policies"]) == (200, 3)
    assert sorted(body["policies"], key=str) == sorted(expected, key=str)


def test_without_ids_it_gets_all_and_with_an_empty_one_none(stocked: Client) -> None:
    totals = [stocked.get(f"{INTERNAL}/policies{query}").json()["total_policies"] for query in ("", "?id=", "?id")]
    assert totals == [4, 0, 0]


@pytest.mark.facts("cf-control-plane", 111)
def test_v0_is_v1_with_a_port_and_without_ranges_and_any_other_word_is_v1(stocked: Client) -> None:
    bodies = {word: stocked.get(f"/networking/{word}/internal/policies").json() for word in ("v0", "v1", "v7", "x")}
    assert bodies["v1"] == bodies["v7"] == bodies["x"]
    assert bodies["v0"]["total_policies"] == 3
    assert all(item["destination"].pop("port") for item in bodies["v0"]["policies"])
    single = [each for each in bodies["v1"]["policies"] if len(set(each["destination"]["ports"].values())) == 1]
    assert bodies["v0"]["policies"] == single


@pytest.mark.facts("cf-control-plane", 113)
def test_the_time_of_the_last_change_is_a_bare_integer(stocked: Client, store: Store) -> None:
    answer = stocked.get(f"{INTERNAL}/policies_last_updated")
    assert (answer.status_code, answer.content) == (200, str(store.last_updated()).encode())
    assert answer.json() > 2**53


def test_the_time_of_new_security_groups_too(agent: Client, store: Store) -> None:
    path = f"{INTERNAL}/security_groups_last_updated"
    before = agent.get(path).json()
    store.replace_security_groups([make_group(1)])
    assert agent.get(path).json() > before


def test_who_has_this_very_list_is_told_so(stocked: Client, store: Store) -> None:
    path = f"{INTERNAL}/policies?id=app1"
    mark = stocked.get(path).headers["etag"]
    for sent in (mark, f'"other", W/{mark}', "*"):
        answer = stocked.get(path, headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", mark)
    store.delete_policies(POLICIES[:1])
    answer = stocked.get(path, headers={"If-None-Match": mark})
    assert (answer.status_code, answer.json()["total_policies"]) == (200, 1)


@pytest.fixture
def grouped(agent: Client, store: Store) -> Client:
    """One group for all, one that stages in two spaces, one that runs in another."""
    groups = [make_group(1, everywhere=True), make_group(2, staging=("a", "b")), make_group(3, running=("c",))]
    store.replace_security_groups(groups)
    return agent


@pytest.mark.facts("cf-control-plane", 114, 115, 119, 120)
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["guid-1"]),
        ("?space_guids=", ["guid-1"]),
        ("?space_guids=c", ["guid-1", "guid-3"]),
        ("?space_guids=a", ["guid-1", "guid-2"]),
        ("?space_guids=b,a,c,%00", ["guid-1", "guid-2", "guid-3"]),
    ],
)
def test_groups_of_spaces_and_of_all_are_listed(grouped: Client, query: str, expected: list[str]) -> None:
    body = grouped.get(f"{INTERNAL}/security_groups{query}").json()
    assert ([group["guid"] for group in body["security_groups"]], body["next"]) == (expected, 0)


def test_a_group_is_listed_with_all_it_has(grouped: Client) -> None:
    body = grouped.get(f"{INTERNAL}/security_groups?space_guids=a").json()
    assert body["security_groups"][1] == {
        "guid": "guid-2",
        "name": "name-2",
        "rules": '[{"protocol":"tcp"}]',
        "staging_default": False,
        "running_default": False,
        "staging_space_guids": ["a", "b"],
        "running_space_guids": [],
    }


@pytest.mark.facts("cf-control-plane", 116, 117)
@pytest.mark.parametrize("limit", ["limit", "per_page"])
def test_groups_come_in_pages(grouped: Client, limit: str) -> None:
    path = f"{INTERNAL}/security_groups?space_guids=a,b,c&{limit}=2"
    first = grouped.get(path).json()
    second = grouped.get(f"{path}&from={first['next']}").json()
    pages = [[group["guid"] for group in page["security_groups"]] for page in (first, second)]
    assert pages == [["guid-1", "guid-2"], ["guid-3"]]
    assert (first["next"] > 0, second["next"]) == (True, 0)


def test_a_limit_wins_over_what_agents_call_it(grouped: Client) -> None:
    body = grouped.get(f"{INTERNAL}/security_groups?space_guids=a,c&per_page=1&limit=0").json()
    assert len(body["security_groups"]) == 3


def test_no_page_is_too_large(grouped: Client) -> None:
    body = grouped.get(f"{INTERNAL}/security_groups?space_guids=a,c&limit=9223372036854775806&from=1").json()
    assert len(body["security_groups"]) == 3


@pytest.mark.parametrize("name", ["from", "limit", "per_page"])
@pytest.mark.parametrize("value", ["abc", "", "1.5", "1_0", "-1", "%201", "٣", "9223372036854775807"])
def test_a_page_needs_numbers(agent: Client, name: str, value: str) -> None:
    answer = agent.get(f"{INTERNAL}/security_groups?{name}={value}")
    assert (answer.status_code, answer.json()) == (400, {"error": f"invalid value for '{name}' parameter"})


@pytest.mark.facts("cf-control-plane", 104, 105)
def test_a_tag_is_made_once(agent: Client) -> None:
    for _ in range(2):
        answer = agent.put(f"{INTERNAL}/tags", json={"id": "INGRESS_ROUTER", "type": "router"})
        assert (answer.status_code, answer.json()) == (200, {"id": "INGRESS_ROUTER", "tag": "0001", "type": "router"})


def test_a_tag_of_another_type_is_a_conflict(agent: Client) -> None:
    agent.put(f"{INTERNAL}/tags", json={"id": "INGRESS_ROUTER", "type": "router"})
    answer = agent.put(f"{INTERNAL}/tags", json={"id": "INGRESS_ROUTER", "type": "app"})
    assert (answer.status_code, answer.json()["error"].partition(":")[0]) == (409, "database create failed")


@pytest.mark.facts("cf-control-plane", 107)
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id":7}', b'{"id":"a b","type":"x"}', b'{"type":"x"}'])
def test_a_bad_tag_is_refused(agent: Client, body: bytes) -> None:
    answer = agent.put(f"{INTERNAL}/tags", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("failed parsing request body: ")


def test_tags_have_one_version_alone(agent: Client) -> None:
    assert agent.put("/networking/v0/internal/tags", json={"id": "a", "type": "b"}).status_code == 404
