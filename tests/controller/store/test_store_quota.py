"""How many policies an app may be the source of, asked in the transaction that stores them (cf-control-plane §1.4)."""

from __future__ import annotations

import pytest
from controller.store_lab import hidden, policy

from poplin.controller.store import QuotaExceeded, QuotaUnknown, Store

MANY = [policy("app-a", "app-b", port) for port in range(1, 9)]


@pytest.mark.facts("cf-control-plane", 88)
def test_one_more_than_the_quota_is_refused(store: Store) -> None:
    store.create_policies(MANY[:2], quota=2)
    before = store.last_updated()
    with pytest.raises(QuotaExceeded, match="'app-a' would be the source of more than 2 policies"):
        store.create_policies(MANY[2:3], quota=2)
    assert store.count_policies() == 2
    assert store.last_updated() == before


@pytest.mark.facts("cf-control-plane", 89)
def test_what_is_deleted_makes_room(store: Store) -> None:
    store.create_policies(MANY[:2], quota=2)
    store.delete_policies(MANY[:1])
    store.create_policies(MANY[2:3], quota=2)
    assert store.count_policies() == 2


@pytest.mark.facts("cf-control-plane", 90)
def test_each_source_is_counted_by_itself(store: Store) -> None:
    full = [policy("app-full", "app-b", port) for port in (1, 2)]
    store.create_policies(full, quota=2)
    with pytest.raises(QuotaExceeded, match="app-full"):
        store.create_policies([policy("app-empty", "app-b"), policy("app-full", "app-b", 3)], quota=2)
    store.create_policies([policy("app-empty", "app-full", port) for port in (1, 2)], quota=2)
    assert store.count_policies() == 4


def test_what_is_stored_already_counts_when_asked_for_again(store: Store) -> None:
    store.create_policies(MANY[:2], quota=2)
    with pytest.raises(QuotaExceeded):
        store.create_policies(MANY[:1], quota=2)


@pytest.mark.facts("cf-control-plane", 91)
def test_without_a_quota_there_is_no_limit(store: Store) -> None:
    store.create_policies(MANY)
    assert store.count_policies() == len(MANY)


@pytest.mark.facts("cf-control-plane", 92)
def test_a_quota_that_cannot_be_checked_is_an_error_of_its_own(store: Store) -> None:
    with hidden(store, "policies"), pytest.raises(QuotaUnknown, match="check quota: "):
        store.create_policies(MANY[:1], quota=2)
    assert store.list_tags() == []
