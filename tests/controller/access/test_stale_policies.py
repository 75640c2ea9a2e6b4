"""Cleaning up: what is deleted, and when nothing is."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import pytest
from controller.stand_in import Answer

from poplin.controller.access.capi import Capi
from poplin.controller.access.cleaner import CleanupError, NothingStale, StaleCleaner
from poplin.controller.access.uaa import Uaa
from poplin.controller.store.errors import StoreError
from poplin.policy.model import Policy, Tag, TaggedPolicy


class Kept:
    """A store in memory; `failing` names the method that cannot reach the database."""

    def __init__(self, *ends: str) -> None:
        self.policies = [Policy(*each.split(">"), "tcp", 8080, 8080) for each in ends]
        self.named: dict[str, str] = {}  # tags that were asked for, with their types
        self.failing = ""
        self.deletions = 0

    def list_policies(self) -> list[TaggedPolicy]:
        self.fail_if("list_policies")
        return [TaggedPolicy(policy, "0001", "0002") for policy in self.policies]

    def list_tags(self) -> list[Tag]:
        self.fail_if("list_tags")
        apps = {policy.source for policy in self.policies} - self.named.keys()
        return [*(Tag(id, "0001", "app") for id in apps), *(Tag(id, "00FF", kind) for id, kind in self.named.items())]

    def delete_policies(self, policies: Sequence[Policy]) -> None:
        self.fail_if("delete_policies")
        self.deletions += 1
        self.policies = [policy for policy in self.policies if policy not in policies]

    def fail_if(self, method: str) -> None:
        if self.failing == method:
            raise StoreError("no database")

    def ends(self) -> list[str]:
        return [f"{policy.source}>{policy.destination}" for policy in self.policies]


@pytest.fixture
def capi(outgoing, uaa_settings, cloud):
    return Capi(outgoing, cloud.url, Uaa(outgoing, uaa_settings))


def names(policies: Sequence[Policy]) -> list[str]:
    return [f"{policy.source}>{policy.destination}" for policy in policies]


@pytest.mark.facts("cf-control-plane", 93)
def test_policies_from_and_to_apps_that_are_gone_are_deleted_and_told_once(capi, cloud):
    cloud.add_app("live", "space")
    store = Kept("live>live", "live>dead", "dead>live", "dead>gone")
    assert names(StaleCleaner(store, capi).clean()) == ["dead>gone", "dead>live", "live>dead"]
    assert store.ends() == ["live>live"]


@pytest.mark.facts("cf-control-plane", 94)
def test_while_all_apps_live_nothing_is_deleted(capi, cloud):
    cloud.add_app("live", "space")
    store = Kept("live>live")
    assert StaleCleaner(store, capi).clean() == []
    assert store.deletions == 0


def test_without_policies_nobody_is_asked(capi, cloud, uaa):
    assert StaleCleaner(Kept(), capi).clean() == []
    assert (cloud.calls, uaa.calls) == ([], [])


@pytest.mark.facts("cf-control-plane", 96)
def test_many_apps_are_asked_for_a_hundred_at_a_time(capi, cloud):
    for number in range(250):
        cloud.add_app(f"app-{number}", "space")
    del cloud.apps["app-77"]
    store = Kept(*(f"app-{number}>app-{number + 1}" for number in range(249)))
    assert sorted(names(StaleCleaner(store, capi).clean())) == ["app-76>app-77", "app-77>app-78"]
    assert cloud.paths() == ["/v3/apps"] * 3


def test_a_group_whose_tag_was_asked_for_is_no_app_and_never_stale(capi, cloud):
    cloud.add_app("live", "space")
    store = Kept("INGRESS_ROUTER>live", "INGRESS_ROUTER>dead")
    store.named["INGRESS_ROUTER"] = "router"
    assert names(StaleCleaner(store, capi).clean()) == ["INGRESS_ROUTER>dead"]
    assert cloud.calls[0].query["guids"] == ["dead,live"]


def test_what_is_deleted_is_logged(capi, cloud, caplog):
    cloud.add_app("live", "space")
    with caplog.at_level(logging.INFO, "poplin.controller.cleaner"):
        StaleCleaner(Kept("live>dead"), capi).clean()
    [record] = caplog.records
    stale = [{"source": "live", "destination": "dead", "protocol": "tcp", "start": 8080, "end": 8080}]
    assert (record.message, record.data) == ("deleting stale policies:", {"total_policies": 1, "stale_policies": stale})


def test_a_few_apps_may_all_be_gone(capi):
    store = Kept("a>b", "b>c")
    assert len(StaleCleaner(store, capi, unknown_apps_limit=3).clean()) == 2


def test_that_all_apps_are_gone_is_not_believed(capi):
    store = Kept("a>b")
    with pytest.raises(CleanupError, match="knows none of 2 apps, so nothing is deleted"):
        StaleCleaner(store, capi).clean()
    assert store.ends() == ["a>b"]


def test_that_all_of_many_apps_are_gone_is_not_believed_either(capi):
    store = Kept("a>b", "c>d")
    with pytest.raises(CleanupError, match=r"knows none of 4 apps, so nothing is deleted; .* unknown_apps_limit"):
        StaleCleaner(store, capi, unknown_apps_limit=3).clean()
    assert store.ends() == ["a>b", "c>d"]


@pytest.mark.facts("cf-control-plane", 97)
@pytest.mark.parametrize(
    ("method", "text"),
    [
        ("list_policies", "database read failed for c2c policies: no database"),
        ("list_tags", "database read failed for c2c policies: no database"),
        ("delete_policies", "database write failed: no database"),
    ],
)
def test_a_failing_database_is_told(capi, cloud, method, text):
    cloud.add_app("live", "space")
    store = Kept("live>dead")
    store.failing = method
    with pytest.raises(CleanupError) as failure:
        StaleCleaner(store, capi).clean()
    assert str(failure.value) == text


@pytest.mark.facts("cf-control-plane", 97)
def test_without_a_token_nothing_is_deleted(capi, uaa):
    uaa.answers["/oauth/token"] = [Answer(401, b"no")]
    store = Kept("a>b")
    with pytest.raises(CleanupError, match=r"^get UAA token failed: bad uaa response: 401: no$"):
        StaleCleaner(store, capi).clean()
    assert store.ends() == ["a>b"]


@pytest.mark.facts("cf-control-plane", 97)
def test_an_error_in_the_midst_of_the_answers_deletes_nothing(capi, cloud):
    store = Kept(*(f"app-{number}>live" for number in range(150)))
    cloud.add_app("live", "space")

    def fail_from_the_second_on(call):
        if cloud.paths().count("/v3/apps") == 2:
            cloud.answers["/v3/apps"] = [Answer(500, b"banana")]

    cloud.before_answer = fail_from_the_second_on
    with pytest.raises(CleanupError, match=r"^get app guids from Cloud-Controller failed: .* http status 500: banana$"):
        StaleCleaner(store, capi).clean()
    assert (len(store.policies), len(cloud.calls)) == (150, 2)


def test_two_that_clean_at_once_do_no_harm(capi, cloud):
    cloud.add_app("live", "space")
    store = Kept("live>dead", "live>live")
    first, second = StaleCleaner(store, capi), StaleCleaner(store, capi)
    assert [names(first.clean()), names(second.clean())] == [["live>dead"], []]
    assert store.ends() == ["live>live"]


def test_without_a_cloud_controller_nothing_is_stale():
    assert NothingStale().clean() == []
