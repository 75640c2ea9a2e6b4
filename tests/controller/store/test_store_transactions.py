"""Nothing is acknowledged that is not committed, nothing stays of what failed, and what may be repeated is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sql
from controller.store_lab import hidden, policy, security_group
from sqlalchemy.exc import OperationalError

from poplin.controller.store import QuotaExceeded, Store, StoreError, open_store

AB = policy("app-a", "app-b")


class Busy(Exception):
    """What PostgreSQL says where it wants a transaction repeated."""

    sqlstate = "40001"


class Broken(Exception):
    """What no repetition helps against."""


@contextmanager
def failing(
    store: Store, event: str, error: Exception, times: int = 1, *, is_lost: bool = False
) -> Iterator[list[str]]:
    """The next times that something happens to the engine, it fails, with the connection if so; how often it
    happened."""
    happened: list[str] = []

    def fail(*args: object) -> None:
        happened.append(event)
        if len(happened) <= times:
            raise OperationalError(event.upper(), None, error, connection_invalidated=is_lost)

    sql.event.listen(store.database.engine, event, fail)
    try:
        yield happened
    finally:
        sql.event.remove(store.database.engine, event, fail)


@pytest.mark.facts("cf-control-plane", 54)
def test_a_creation_that_fails_leaves_nothing(store: Store) -> None:
    before = store.last_updated()
    with hidden(store, "policies"), pytest.raises(StoreError, match="policies"):
        store.create_policies([AB])
    assert (store.list_tags(), store.list_policies(), store.last_updated()) == ([], [], before)


@pytest.mark.facts("cf-control-plane", 71)
def test_a_deletion_that_fails_leaves_everything(store: Store) -> None:
    store.create_policies([AB])
    before = store.last_updated()
    with hidden(store, "poplin_freed_tags"), pytest.raises(StoreError, match="poplin_freed_tags"):
        store.delete_policies([AB])
    assert [each.policy for each in store.list_policies()] == [AB]
    assert store.last_updated() == before


@pytest.mark.facts("cf-control-plane", 123)
def test_a_commit_that_fails_is_a_failure(store: Store) -> None:
    with (
        failing(store, "commit", Broken("disk full")),
        pytest.raises(StoreError, match=r"^commit transaction: disk full$"),
    ):
        store.create_policies([AB])
    assert store.list_policies() == []


@pytest.mark.facts("cf-control-plane", 131)
def test_a_replacement_whose_commit_fails_changes_nothing(store: Store) -> None:
    with failing(store, "commit", Broken("disk full")), pytest.raises(StoreError, match="disk full"):
        store.replace_security_groups([security_group("a", running_default=True)])
    assert store.list_security_groups() == ([], 0)


@pytest.mark.facts("cf-control-plane", 131)
def test_a_transaction_that_cannot_begin_is_a_failure(store: Store) -> None:
    with failing(store, "begin", Broken("no")), pytest.raises(StoreError, match=r"^create transaction: no$"):
        store.replace_security_groups([])


@pytest.mark.facts("cf-control-plane", 124)
def test_a_failure_that_cannot_be_undone_gives_both_reasons(store: Store) -> None:
    undo = failing(store, "rollback", Broken("gone"))
    said = r"^database rollback: gone \(sql error: .*policies.*\)$"
    with hidden(store, "policies"), undo, pytest.raises(StoreError, match=said):
        store.create_policies([AB])
    assert store.list_policies() == []


def test_what_the_database_wants_repeated_is_repeated(store: Store) -> None:
    with failing(store, "commit", Busy("serialize"), times=2) as commits:
        store.create_policies([AB])
    assert len(commits) == 3
    assert [each.policy for each in store.list_policies()] == [AB]


def test_not_for_ever(store: Store) -> None:
    with failing(store, "commit", Busy("serialize"), times=100), pytest.raises(StoreError, match="serialize"):
        store.delete_policies([AB])


def test_an_unanswered_commit_is_not_counted_twice_against_a_quota(store: Store) -> None:
    with failing(store, "commit", Broken("no answer"), is_lost=True), pytest.raises(StoreError, match="no answer"):
        store.create_policies([AB], quota=1)
    store.create_policies([AB], quota=1)
    assert store.count_policies() == 1


def test_an_unanswered_commit_without_a_quota_is_repeated(store: Store) -> None:
    with failing(store, "commit", Broken("no answer"), is_lost=True) as commits:
        store.create_policies([AB])
    assert (len(commits), store.count_policies()) == (2, 1)


def test_a_refused_commit_is_repeated_within_the_quota(store: Store) -> None:
    """As Galera refuses it, of two nodes that wrote the same."""
    with failing(store, "commit", Busy("serialize")) as commits:
        store.create_policies([AB], quota=1)
    assert (len(commits), store.count_policies()) == (2, 1)


def test_a_read_is_repeated_too(store: Store) -> None:
    with failing(store, "before_cursor_execute", Busy("serialize")):
        assert store.list_policies() == []


def test_operations_are_observed(url: str) -> None:
    seen: list[tuple[str, bool]] = []
    store = open_store(url, tag_length=1, observe=lambda name, seconds, ok: seen.append((name, ok)))
    try:
        store.create_policies([AB])
        store.list_policies()
        store.list_tags()
        store.check()
        with pytest.raises(QuotaExceeded):
            store.create_policies([AB], quota=1)
        with hidden(store, "policies"), pytest.raises(StoreError):
            store.delete_policies([AB])
    finally:
        store.close()
    well = [(name, True) for name in ("Create", "All", "Tags", "CheckDatabase", "Create")]
    assert seen == [*well, ("Delete", False)], "to refuse is no failure of the database"
