"""Policies are there once, come and go together, and leave nothing behind."""

from __future__ import annotations

import pytest
import sqlalchemy as sql
from controller.store_lab import Clock, policy

from poplin.controller.store import Store, TagsExhausted, TagTypeTaken
from poplin.controller.store.schema import destinations, groups, policies
from poplin.policy.model import Policy, Tag, TaggedPolicy

AB, AC, CB = policy("app-a", "app-b"), policy("app-a", "app-c", 1, 65535, "udp"), policy("app-c", "app-b")


def stored(store: Store) -> list[Policy]:
    """Without tags."""
    return [each.policy for each in store.list_policies()]


def count_rows(store: Store, table: sql.Table, *conditions: sql.ColumnElement[bool]) -> int:
    """How many rows there are."""
    query = sql.select(sql.func.count()).select_from(table).where(*conditions)
    return store.database.read(lambda connection: connection.scalar(query)) or 0


def test_a_policy_is_listed_with_its_tags(store: Store) -> None:
    store.create_policies([AB, AC])
    assert store.list_policies() == [TaggedPolicy(AB, "01", "02"), TaggedPolicy(AC, "01", "03")]
    assert store.count_policies() == 2


@pytest.mark.facts("cf-control-plane", 50)
def test_creating_again_changes_nothing_but_the_moment(store: Store, clock: Clock) -> None:
    moments = [store.last_updated()]
    for _ in range(2):
        clock.turn(1)
        store.create_policies([AB, AB])
        moments.append(store.last_updated())
    assert moments[0] < moments[1] < moments[2]
    assert count_rows(store, policies) == count_rows(store, destinations) == 1
    assert count_rows(store, groups, groups.c.guid.is_not(None)) == 2


@pytest.mark.facts("cf-control-plane", 51)
@pytest.mark.parametrize("verb", ["create_policies", "delete_policies"])
def test_an_empty_list_is_nothing_to_do(store: Store, clock: Clock, verb: str) -> None:
    before = store.last_updated()
    clock.turn(1)
    getattr(store, verb)([])
    assert store.last_updated() == before


@pytest.mark.facts("cf-control-plane", 127)
def test_creating_and_deleting_move_the_moment_to_the_clocks(store: Store, clock: Clock) -> None:
    for verb in (store.create_policies, store.delete_policies, store.delete_policies):
        clock.turn(1)
        verb([AB])
        assert store.last_updated() == clock.now


def test_the_moment_never_runs_backwards(store: Store, clock: Clock) -> None:
    store.create_policies([AB])
    latest = store.last_updated()
    clock.turn(-3600)
    for verb in (store.create_policies, store.delete_policies):
        verb([AB])
        assert store.last_updated() == latest + 1000, "one microsecond later"
        latest += 1000


@pytest.mark.parametrize(("each", "port"), [(AB, 8080), (AC, 0)])
def test_old_readers_find_a_single_port_where_they_look_for_it(store: Store, each: Policy, port: int) -> None:
    store.create_policies([each])
    assert count_rows(store, destinations, destinations.c.port == port) == 1


@pytest.mark.facts("cf-control-plane", 125)
def test_the_last_policy_takes_its_destination_and_tags_along(store: Store) -> None:
    store.create_policies([AB])
    store.delete_policies([AB])
    assert (stored(store), store.list_tags()) == ([], [])
    assert count_rows(store, destinations) == 0
    assert count_rows(store, groups, groups.c.guid.is_(None), groups.c.type.is_(None)) == 255


@pytest.mark.facts("cf-control-plane", 126)
def test_a_destination_that_others_reach_stays(store: Store) -> None:
    store.create_policies([AB, CB])
    store.delete_policies([AB])
    assert stored(store) == [CB]
    assert count_rows(store, destinations) == 1
    assert store.list_tags() == [Tag("app-b", "02", "app"), Tag("app-c", "03", "app")]


@pytest.mark.facts("cf-control-plane", 70)
def test_what_is_not_there_is_passed_over(store: Store) -> None:
    store.create_policies([AB, CB])
    absent = [
        policy("nobody", "app-b"),
        policy("app-a", "nobody"),
        policy("app-a", "app-b", 9),
        policy("app-b", "app-a"),
    ]
    store.delete_policies([*absent, AB])
    assert stored(store) == [CB]


def test_ports_and_protocol_tell_policies_apart(store: Store) -> None:
    alike = [policy("a", "b", 1, 3), policy("a", "b", 1, 2), policy("a", "b", 2, 3), policy("a", "b", 1, 3, "udp")]
    store.create_policies(alike)
    store.delete_policies(alike[:1])
    assert set(stored(store)) == set(alike[1:])


def test_a_group_may_reach_itself(store: Store) -> None:
    store.create_policies([policy("app-a", "app-a")])
    assert store.list_policies() == [TaggedPolicy(policy("app-a", "app-a"), "01", "01")]
    store.delete_policies([policy("app-a", "app-a")])
    assert store.list_tags() == []


@pytest.mark.facts("cf-control-plane", 55)
def test_without_a_free_tag_nothing_is_created(store: Store) -> None:
    store.create_policies([policy(f"app-{number}", "app-0") for number in range(254)])
    before = store.last_updated()
    with pytest.raises(TagsExhausted, match="failed to find available tag"):
        store.create_policies([policy("app-0", "app-1"), policy("new-1", "new-2")])
    assert store.count_policies() == 254
    assert store.last_updated() == before
    store.create_policies([policy("app-0", "new-1")])
    assert store.list_tags()[-1] == Tag("new-1", "FF", "app")


def test_a_policy_about_a_tag_of_another_type_is_refused(store: Store) -> None:
    store.ensure_tag("INGRESS_ROUTER", "router")
    with pytest.raises(TagTypeTaken, match="'INGRESS_ROUTER' has a tag of type 'router' already"):
        store.create_policies([policy("INGRESS_ROUTER", "app-a")])
    assert store.list_tags() == [Tag("INGRESS_ROUTER", "01", "router")]


HOSTILE = [
    "'; DROP TABLE policies; --",
    '"groups"',
    "%s %(id)s :id ?",
    "\\",
    "a\nb",
    "*",
    "é",
    "NULL",
    "[1]",
    " ",
    "A",
    "a",
]


def test_ids_are_never_read_as_sql(store: Store) -> None:
    wanted = [policy(id, "app-a") for id in HOSTILE]
    store.create_policies(wanted)
    assert stored(store) == wanted
    assert [tag.id for tag in store.list_tags()] == [HOSTILE[0], "app-a", *HOSTILE[1:]]
    store.delete_policies(wanted)
    assert store.count_policies() == 0
