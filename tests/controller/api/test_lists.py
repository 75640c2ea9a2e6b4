"""The list that is kept is the list of the last change, whoever made it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from controller.store_lab import LIMIT

from poplin.controller.api.listing import Lists
from poplin.controller.api.wire import EXTERNAL, INTERNAL_V0, INTERNAL_V1
from poplin.controller.store import Store, open_store
from poplin.policy.model import ALL, Policy, Selection, TaggedPolicy

FIRST, SECOND = Policy("a", "b", "tcp", 1, 1), Policy("a", "b", "tcp", 2, 9)


class CountingStore:
    """How often the list was asked for, which takes a while."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.asked = 0
        self.seconds = seconds

    def list_policies(self, selection: Selection = ALL) -> list[TaggedPolicy]:
        """One policy."""
        self.asked += 1
        time.sleep(self.seconds)
        return [TaggedPolicy(FIRST, "0001", "0002")]


def read(lists: Lists, store: Store) -> bytes:
    """The full list as agents get it."""
    return lists.read(INTERNAL_V1, ALL, store.last_updated())


def test_the_full_list_is_read_once_for_each_change() -> None:
    store = CountingStore()
    lists = Lists(store)  # type: ignore[arg-type]
    bodies = [lists.read(INTERNAL_V1, ALL, updated) for updated in (1, 1, 2, 2)]
    assert (store.asked, len(set(bodies))) == (2, 1)


def test_the_full_list_is_made_once_for_all_who_ask_at_the_same_time() -> None:
    store = CountingStore(seconds=0.1)
    lists, together = Lists(store), Barrier(8)  # type: ignore[arg-type]

    def ask(number: int) -> bytes:
        together.wait(LIMIT)
        return lists.read(INTERNAL_V1, ALL, 1)

    with ThreadPoolExecutor(8) as pool:
        bodies = set(pool.map(ask, range(8), timeout=LIMIT))
    assert (store.asked, len(bodies)) == (1, 1)


def test_a_selection_is_read_each_time() -> None:
    store = CountingStore()
    lists = Lists(store)  # type: ignore[arg-type]
    for _ in range(2):
        lists.read(INTERNAL_V1, Selection(either=frozenset({"a"})), 1)
    assert store.asked == 2


def test_each_form_has_its_own_list(store: Store) -> None:
    store.create_policies([FIRST, SECOND])
    lists, updated = Lists(store), store.last_updated()
    forms = [*EXTERNAL.values(), INTERNAL_V0, INTERNAL_V1]
    bodies = [lists.read(form, ALL, updated) for form in forms for _ in range(2)]
    assert len(set(bodies)) == len(forms)


def test_what_another_server_writes_is_in_the_next_list(store: Store, tmp_path: Path) -> None:
    lists, other = Lists(store), open_store(f"sqlite:///{tmp_path}/policies.db", tag_length=2)
    try:
        sizes = [read(lists, store).count(b'"source"')]
        other.create_policies([FIRST, SECOND])
        sizes.append(read(lists, store).count(b'"source"'))
        other.delete_policies([FIRST])
        sizes.append(read(lists, store).count(b'"source"'))
    finally:
        other.close()
    assert sizes == [0, 2, 1]


def test_what_is_written_while_a_list_is_read_is_not_missed_later(store: Store) -> None:
    lists = Lists(store)
    before = store.last_updated()
    store.create_policies([FIRST])
    lists.read(INTERNAL_V1, ALL, before)
    store.create_policies([SECOND])
    assert read(lists, store).count(b'"source"') == 2
