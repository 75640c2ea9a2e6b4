"""Questions to the Cloud Controller."""

from __future__ import annotations

import pytest
from controller.stand_in import Answer

from poplin.controller.access import capi
from poplin.controller.access.capi import Capi, CapiError
from poplin.controller.access.developers import find_space, is_developer_of_all, spaces_of_developer
from poplin.controller.access.uaa import Uaa


@pytest.fixture
def client(outgoing, uaa_settings, cloud):
    return Capi(outgoing, cloud.url, Uaa(outgoing, uaa_settings))


def add_apps(cloud, count: int) -> dict[str, str]:
    expected = {f"app-{number}": f"space-{number % 3}" for number in range(count)}
    for app, space in expected.items():
        cloud.add_app(app, space)
    return expected


def test_apps_are_found_with_their_spaces(client, cloud):
    expected = add_apps(cloud, 3)
    assert client.spaces_of_apps({*expected, "unknown"}) == expected
    assert cloud.calls[0].headers["authorization"] == "bearer client-token-1"
    assert cloud.calls[0].query == {"guids": ["app-0,app-1,app-2,unknown"], "per_page": ["4"]}


@pytest.mark.facts("cf-control-plane", 157)
def test_no_apps_are_no_question(client, cloud, uaa):
    assert client.spaces_of_apps([]) == {}
    assert (cloud.calls, uaa.calls) == ([], [])


@pytest.mark.facts("cf-control-plane", 96)
def test_many_apps_are_asked_for_a_hundred_at_a_time(client, cloud):
    expected = add_apps(cloud, 201)
    assert client.spaces_of_apps(expected) == expected
    assert [call.query["per_page"] for call in cloud.calls] == [["100"], ["100"], ["1"]]


@pytest.mark.parametrize("guid", ["", "a,b", "a b", "a&b", "a\n", "é", "x" * 256])
def test_what_no_app_is_called_is_not_asked_for(client, cloud, guid):
    assert client.spaces_of_apps([guid]) == {}
    assert cloud.calls == []


def test_all_pages_are_read_on_the_server_we_were_told_of(client, cloud):
    expected = add_apps(cloud, 7)
    cloud.most_per_page = 3
    assert client.spaces_of_apps(expected) == expected
    assert [call.query.get("page") for call in cloud.calls] == [None, ["2"], ["3"]]


def page(count: int, total: int, href: str | None = None) -> Answer:
    resources = [{"guid": f"app-{n}", "links": {"space": {"href": "/v3/spaces/s"}}} for n in range(count)]
    following = {"href": href} if href else None
    return Answer(200, {"pagination": {"total_results": total, "next": following}, "resources": resources})


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (page(1, 2), "/v3/apps has 2 results and showed only 1"),
        (Answer(418, b"teapot"), "json client do: http status 418: teapot"),
        (Answer(200, b"[]"), "json client do: unmarshal json: Expected `object`, got `array`"),
        (Answer(200, {}), "json client do: unmarshal json: .*missing required field"),
        (Answer(200, {"pagination": {"total_results": 0}, "resources": None}), "unmarshal json: .*got `null`"),
        (Answer(302, b""), "http status 302"),
    ],
)
def test_half_a_list_is_an_error(client, cloud, answer, text):
    cloud.answers["/v3/apps"] = [answer]
    with pytest.raises(CapiError, match=text):
        client.spaces_of_apps(["app-0", "app-1"])


def test_a_list_without_end_is_an_error(client, cloud, monkeypatch):
    monkeypatch.setattr(capi, "MOST_PAGES", 5)
    cloud.answers["/v3/apps"] = [page(1, 1000, "/v3/apps")] * 10
    with pytest.raises(CapiError, match="showed only"):
        client.spaces_of_apps(["app-0"])


def test_a_revoked_token_is_replaced_once(client, cloud):
    expected = add_apps(cloud, 2)
    client.spaces_of_apps(expected)
    cloud.revoked.add("client-token-1")
    assert client.spaces_of_apps(expected) == expected
    assert [call.headers["authorization"][-1] for call in cloud.calls] == ["1", "1", "2"]


def test_a_token_that_is_never_accepted_is_an_error(client, cloud):
    cloud.revoked |= {"client-token-1", "client-token-2"}
    with pytest.raises(CapiError, match=r"http status 401: .*Invalid Auth Token"):
        client.spaces_of_apps(["app"])


@pytest.mark.facts("cf-control-plane", 156)
def test_a_space_that_is_not_there_is_none_and_another_status_an_error(client, cloud):
    assert find_space(client, "nowhere") is None
    cloud.answers["/v2/spaces/s"] = [Answer(418, b"teapot")]
    with pytest.raises(CapiError, match=r"^getting space with guid s: json client do: http status 418: teapot$"):
        find_space(client, "s")


@pytest.mark.parametrize("has_roles", [True, False], ids=["v3", "v2"])
def test_a_developer_has_the_spaces_of_their_roles(client, cloud, has_roles):
    cloud.has_roles = has_roles
    for number in range(5):
        cloud.add_app(f"app-{number}", f"space-{number}", "ada" if number < 3 else "bob")
    assert spaces_of_developer(client, "ada") == {"space-0", "space-1", "space-2"}
    assert is_developer_of_all(client, "ada", {"space-0", "space-2"})
    assert not is_developer_of_all(client, "ada", {"space-0", "space-3"})
    assert spaces_of_developer(client, "bob") == {"space-3", "space-4"}


def test_roles_in_many_spaces_are_few_questions(client, cloud):
    for number in range(150):
        cloud.add_app(f"app-{number}", f"space-{number}", "ada")
    assert is_developer_of_all(client, "ada", cloud.spaces)
    assert cloud.paths() == ["/v3/roles", "/v3/roles"]


@pytest.mark.facts("cf-control-plane", 87)
@pytest.mark.parametrize("has_roles", [True, False], ids=["v3", "v2"])
def test_all_pages_of_a_developers_spaces_are_read(client, cloud, has_roles):
    cloud.has_roles = has_roles
    for number in range(5):
        cloud.add_app(f"app-{number}", f"space-{number}", "ada")
    cloud.most_per_page = 2
    assert spaces_of_developer(client, "ada") == set(cloud.spaces)
    path = "/v3/roles" if has_roles else "/v2/users/ada/spaces"
    assert [call.query.get("page") for call in cloud.calls if call.path == path][-3:] == [None, ["2"], ["3"]]


def test_roles_that_were_not_asked_for_do_not_count(client, cloud):
    """As of a Cloud Controller that does not know a filter and leaves it out."""

    def role(kind: str, user: str | None, space: str | None) -> dict:
        sides = {side: {"data": guid and {"guid": guid}} for side, guid in (("user", user), ("space", space))}
        return {"type": kind, "relationships": sides}

    roles = [
        role("space_developer", "ada", "own"),
        role("space_developer", "bob", "foreign"),
        role("space_manager", "ada", "managed"),
        role("organization_manager", "ada", None),
        role("space_developer", None, "nobody's"),
    ]
    answer = Answer(200, {"pagination": {"total_results": len(roles)}, "resources": roles})
    cloud.answers["/v3/roles"] = [answer]
    assert spaces_of_developer(client, "ada") == {"own"}


@pytest.mark.parametrize("subject", ["", "ada,bob", "ada;name:x", "ada bob", "../bob", "ada\n"])
def test_somebody_whose_name_is_more_than_a_name_develops_nowhere(client, cloud, subject):
    cloud.add_app("app", "space", "ada", "bob")
    assert spaces_of_developer(client, subject) == frozenset()
    assert not is_developer_of_all(client, subject, {"space"})
    assert cloud.calls == []
