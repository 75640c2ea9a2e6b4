"""Several servers on one database, each with several requests at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from controller.store_lab import LIMIT, policy

from poplin.controller.store import QuotaExceeded, Store, open_store
from poplin.policy.model import Policy

HUNDRED = [policy(f"source-{number}", f"destination-{number % 50}") for number in range(100)]


@pytest.fixture
def stores(url: str) -> Iterator[list[Store]]:
    """Two servers' stores."""
    made = [open_store(url, tag_length=1, quarantine=0) for _ in range(2)]
    yield made
    for store in made:
        store.close()


def spread(stores: list[Store], verb: str, items: list[Policy]) -> None:
    """Every item by itself, by four workers, with the servers in turn."""
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(getattr(stores[number % 2], verb), [item]) for number, item in enumerate(items)]
        for each in asked:
            each.result(LIMIT)


@pytest.mark.facts("cf-control-plane", 73)
def test_a_hundred_creations_at_once_all_succeed(stores: list[Store]) -> None:
    spread(stores, "create_policies", HUNDRED)
    assert {each.policy for each in stores[0].list_policies()} == set(HUNDRED)
    assert len({tag.tag for tag in stores[1].list_tags()}) == len(stores[0].list_tags()) == 150


@pytest.mark.facts("cf-control-plane", 74)
def test_a_hundred_creations_and_deletions_leave_nothing(stores: list[Store]) -> None:
    spread(stores, "create_policies", HUNDRED)
    spread(stores, "delete_policies", HUNDRED)
    assert (stores[0].list_policies(), stores[1].list_tags()) == ([], [])


def test_one_tag_for_an_id_that_all_ask_for_at_once(stores: list[Store]) -> None:
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(stores[number % 2].ensure_tag, "INGRESS_ROUTER", "router") for number in range(20)]
        assert {each.result(LIMIT).tag for each in asked} == {"01"}


def test_a_quota_holds_for_requests_at_once(stores: list[Store]) -> None:
    def create(number: int) -> bool:
        try:
            stores[number % 2].create_policies([policy("app-a", "app-b", number + 1)], quota=5)
        except QuotaExceeded:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(create, range(20), timeout=LIMIT)) == 5
    assert stores[0].count_policies() == 5


def test_the_moment_moves_with_every_write_of_any_server(stores: list[Store]) -> None:
    def write(number: int) -> None:
        stores[number % 2].create_policies(HUNDRED[:1])

    before = stores[0].last_updated()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(20), timeout=LIMIT))
    assert stores[0].last_updated() >= before + 20 * 1000
