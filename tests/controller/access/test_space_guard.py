"""Who may change which policies, and see which."""

from __future__ import annotations

import msgspec
import pytest
from controller.stand_in import Answer

from poplin.controller.access.caller import WRITE, Caller
from poplin.controller.access.capi import Capi
from poplin.controller.access.guard import AccessError, ClosedGuard, SpaceGuard
from poplin.controller.access.uaa import Uaa
from poplin.policy.model import Policy, TaggedPolicy

ADA = Caller("ada-guid", "ada", frozenset({WRITE}))
WITHOUT_SCOPES = Caller("ada-guid", "ada", frozenset())
SERVICE = Caller("some-client", "", frozenset({WRITE}))


@pytest.fixture
def guard(outgoing, uaa_settings, cloud):
    return SpaceGuard(Capi(outgoing, cloud.url, Uaa(outgoing, uaa_settings)))


@pytest.fixture(params=["v3", "v2"])
def either_cloud(request, cloud):
    """Two apps of ada's in two spaces, and one of somebody else's; on a new and on an old Cloud Controller."""
    cloud.has_roles = request.param == "v3"
    cloud.add_app("own-1", "space-1", "ada-guid", "some-client")
    cloud.add_app("own-2", "space-2", "ada-guid", "some-client")
    cloud.add_app("foreign", "space-3", "bob-guid")
    return cloud


def policy(source: str, destination: str) -> Policy:
    return Policy(source, destination, "tcp", 8080, 8080)


def tagged(source: str, destination: str) -> TaggedPolicy:
    return TaggedPolicy(policy(source, destination), "0001", "0002")


@pytest.mark.facts("cf-control-plane", 76, 84)
@pytest.mark.parametrize("caller", [ADA, WITHOUT_SCOPES, SERVICE], ids=["user", "without scopes", "service account"])
def test_a_developer_of_both_spaces_may(guard, either_cloud, caller):
    assert guard.may_change(caller, [policy("own-1", "own-2"), policy("own-2", "own-2")])


@pytest.mark.facts("cf-control-plane", 77, 78)
@pytest.mark.parametrize("ends", [("own-1", "foreign"), ("foreign", "own-1"), ("foreign", "foreign")])
def test_one_foreign_app_is_too_much(guard, either_cloud, ends):
    assert not guard.may_change(ADA, [policy("own-1", "own-2"), policy(*ends)])


@pytest.mark.parametrize("ends", [("own-1", "unknown"), ("unknown", "own-1"), ("unknown", "unknown"), ("", "own-1")])
def test_an_app_that_nobody_knows_is_too_much(guard, either_cloud, ends):
    assert not guard.may_change(ADA, [policy(*ends)])


@pytest.mark.facts("cf-control-plane", 79)
def test_a_space_that_is_gone_is_nobodys(guard, either_cloud):
    del either_cloud.spaces["space-2"]
    either_cloud.developers.discard(("ada-guid", "space-2"))
    assert not guard.may_change(ADA, [policy("own-1", "own-2")])


@pytest.mark.facts("cf-control-plane", 80)
def test_who_develops_nowhere_may_nothing(guard, either_cloud):
    assert not guard.may_change(Caller("eve-guid", "eve", frozenset({WRITE})), [policy("own-1", "own-1")])


@pytest.mark.facts("cf-control-plane", 81)
def test_two_spaces_of_one_name_are_an_error(guard, cloud):
    cloud.has_roles = False
    for space in ("space-1", "space-2"):
        cloud.add_app("app", space, "ada-guid")
        cloud.spaces[space] = ("same name", "org-guid")
    with pytest.raises(AccessError, match=r"^found more than one matching space$"):
        guard.may_change(ADA, [policy("app", "app")])


@pytest.mark.facts("cf-control-plane", 82)
@pytest.mark.parametrize(
    ("service", "path", "text"),
    [
        ("uaa", "/oauth/token", "getting token: bad uaa response: 500: banana"),
        ("cloud", "/v3/apps", "getting space guids: json client do: http status 500: banana"),
        ("cloud", "/v3/roles", "getting roles: json client do: http status 500: banana"),
        ("cloud", "/v2/spaces/space-1", "getting space with guid space-1: json client do: http status 500: banana"),
    ],
)
def test_what_failed_is_told(guard, uaa, cloud, service, path, text):
    cloud.add_app("app", "space-1", "ada-guid")
    cloud.has_roles = not path.startswith("/v2")
    {"uaa": uaa, "cloud": cloud}[service].answers[path] = [Answer(500, b"banana")]
    with pytest.raises(AccessError) as failure:
        guard.may_change(ADA, [policy("app", "app")])
    assert str(failure.value) == text


def test_many_apps_in_many_spaces_are_few_questions(guard, cloud):
    for number in range(100):
        cloud.add_app(f"app-{number}", f"space-{number}", "ada-guid")
    assert guard.may_change(ADA, [policy(f"app-{number}", f"app-{number + 1}") for number in range(99)])
    assert cloud.paths() == ["/v3/apps", "/v3/roles"]


@pytest.mark.facts("cf-control-plane", 85)
def test_only_own_policies_are_shown(guard, either_cloud):
    for number in range(150):
        either_cloud.add_app(f"foreign-{number}", "space-3")
    own = tagged("own-1", "own-2")
    assert guard.visible(ADA, [*(tagged(f"foreign-{number}", "foreign") for number in range(150)), own]) == [own]
    assert [call.query["per_page"] for call in either_cloud.calls if call.path == "/v3/apps"] == [["100"], ["53"]]


@pytest.mark.facts("cf-control-plane", 86)
def test_a_policy_of_which_one_side_is_foreign_or_unknown_is_hidden(guard, either_cloud):
    hidden = [("own-1", "foreign"), ("foreign", "own-1"), ("own-1", "unknown"), ("unknown", "unknown")]
    assert guard.visible(ADA, [tagged(*ends) for ends in hidden]) == []


def test_who_develops_nowhere_sees_nothing_after_one_question(guard, cloud):
    cloud.add_app("app", "space", "bob-guid")
    assert guard.visible(ADA, [tagged("app", "app")]) == []
    assert cloud.paths() == ["/v3/roles"]


def test_nothing_is_asked_about_no_policies(guard, cloud):
    assert guard.visible(ADA, []) == []
    assert cloud.calls == []


def test_a_filter_that_fails_is_told(guard, cloud):
    cloud.add_app("app", "space", "ada-guid")
    cloud.answers["/v3/apps"] = [Answer(503, b"")]
    with pytest.raises(AccessError, match=r"^getting space guids: json client do: http status 503: $"):
        guard.visible(ADA, [tagged("app", "app")])


def test_without_a_cloud_controller_nobody_is_a_developer():
    guard = ClosedGuard()
    everything = msgspec.structs.replace(ADA, scopes=frozenset({WRITE, "cloud_controller.admin"}))
    assert not guard.may_change(everything, [policy("a", "b")])
    assert guard.visible(everything, [tagged("a", "b")]) == []
