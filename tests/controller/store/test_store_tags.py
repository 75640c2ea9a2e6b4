"""Tags: which number an id gets, how long it keeps it, and when another may have it (cf-control-plane §3.3)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from controller.store_lab import Clock, hidden, policy

from poplin.controller.store import Store, StoreError, TagsExhausted, TagTypeTaken, open_store
from poplin.controller.store.tags import format_tag
from poplin.policy.model import Tag

AB, BC = policy("app-a", "app-b"), policy("app-b", "app-c")


@pytest.fixture
def resting(url: str, clock: Clock) -> Iterator[Store]:
    """A store in which a freed tag rests for 30 seconds."""
    made = open_store(url, tag_length=1, quarantine=30, clock=clock)
    yield made
    made.close()


@pytest.mark.facts("cf-control-plane", 101)
@pytest.mark.parametrize(("length", "text"), [(1, "0A"), (2, "000A"), (3, "00000A")])
def test_a_tag_is_written_in_full_length(length: int, text: str) -> None:
    assert format_tag(10, length) == text


@pytest.mark.facts("cf-control-plane", 99)
def test_tags_are_given_in_the_order_of_first_use(store: Store) -> None:
    store.create_policies([AB, BC, policy("app-c", "app-a")])
    assert store.list_tags() == [Tag("app-a", "01", "app"), Tag("app-b", "02", "app"), Tag("app-c", "03", "app")]


@pytest.mark.facts("cf-control-plane", 100)
def test_a_freed_tag_is_the_next_one_given(store: Store) -> None:
    store.create_policies([policy("app-1", "app-2"), policy("app-1", "app-3")])
    store.delete_policies([policy("app-1", "app-2")])
    store.create_policies([policy("app-1", "app-4")])
    assert store.list_tags() == [Tag("app-1", "01", "app"), Tag("app-4", "02", "app"), Tag("app-3", "03", "app")]


def test_a_freed_tag_rests_before_it_is_given_again(resting: Store, clock: Clock) -> None:
    resting.create_policies([AB])
    resting.delete_policies([AB])
    clock.turn(29.9)
    assert resting.ensure_tag("app-c", "app").tag == "03"
    clock.turn(0.2)
    assert resting.ensure_tag("app-d", "app").tag == "01"


def test_a_tag_that_was_freed_twice_rests_from_the_second_time_on(resting: Store, clock: Clock) -> None:
    for _ in range(2):
        resting.create_policies([AB])
        resting.delete_policies([AB])
        clock.turn(31)
    resting.create_policies([AB])
    assert [tag.tag for tag in resting.list_tags()] == ["01", "02"]
    resting.delete_policies([AB])
    clock.turn(1)
    assert resting.ensure_tag("app-c", "app").tag == "03"


def test_where_only_resting_tags_are_left_the_error_says_so(resting: Store) -> None:
    resting.create_policies([AB])
    for number in range(253):
        resting.create_policies([policy("app-b", f"app-{number}")])
    resting.delete_policies([AB])
    with pytest.raises(TagsExhausted, match="failed to find available tag: 1 wanted, 0 free, 1 freed a moment ago"):
        resting.ensure_tag("late", "app")


@pytest.mark.facts("cf-control-plane", 104, 105)
def test_a_tag_that_is_asked_for_again_is_the_same(store: Store) -> None:
    before = store.last_updated()
    for _ in range(2):
        assert store.ensure_tag("INGRESS_ROUTER", "router") == Tag("INGRESS_ROUTER", "01", "router")
    assert store.last_updated() == before


def test_an_id_has_one_type(store: Store) -> None:
    store.ensure_tag("meow", "app")
    with pytest.raises(
        TagTypeTaken, match="'meow' has a tag of type 'app' already, so it can have none of type 'other'"
    ):
        store.ensure_tag("meow", "other")


@pytest.mark.facts("cf-control-plane", 108)
def test_without_a_free_tag_none_is_given(store: Store) -> None:
    for number in range(255):
        store.ensure_tag(f"router-{number}", "router")
    before = store.list_tags()
    with pytest.raises(TagsExhausted):
        store.ensure_tag("one-more", "router")
    assert store.list_tags() == before


def test_a_tag_that_was_asked_for_outlives_the_policies_beside_it(store: Store) -> None:
    store.ensure_tag("INGRESS_ROUTER", "router")
    store.create_policies([AB])
    store.delete_policies([AB, policy("INGRESS_ROUTER", "app-b"), policy("app-a", "INGRESS_ROUTER")])
    assert store.list_tags() == [Tag("INGRESS_ROUTER", "01", "router")]


def test_only_what_really_goes_frees_a_tag(store: Store) -> None:
    """Asked for by name, without a policy; the original frees it when a request merely names it."""
    store.ensure_tag("app-x", "app")
    store.create_policies([AB])
    store.delete_policies([policy("app-x", "app-b"), policy("app-a", "app-x")])
    assert "app-x" in [tag.id for tag in store.list_tags()]


def test_an_empty_id_and_type_are_accepted(store: Store) -> None:
    assert store.ensure_tag("", "") == Tag("", "01", "")
    assert store.list_tags() == [Tag("", "01", "")]


def test_a_broken_database_is_an_error(store: Store) -> None:
    with hidden(store, "policies_info"), pytest.raises(StoreError, match="policies_info"):
        store.ensure_tag("app-a", "app")
    assert store.list_tags() == []
