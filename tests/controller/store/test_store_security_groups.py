"""Security groups by space, page by page, and replaced as a whole (cf-control-plane §2.3, §3.4)."""

from __future__ import annotations

import pytest
from controller.store_lab import Clock, hidden, security_group

from poplin.controller.store import Store, StoreError
from poplin.policy.model import SecurityGroup

BOTH = security_group("global", staging_default=True, running_default=True)
STAGING = security_group("staging", staging_default=True)
A = security_group("a", staging_space_guids=("space-a",))
BC = security_group("bc", running_space_guids=("space-b", "space-c"), staging_space_guids=("space-c", "space-d"))
UNBOUND = security_group("unbound")
ALL = [BOTH, A, BC, STAGING, UNBOUND]


@pytest.fixture
def filled(store: Store) -> Store:
    """With all of them."""
    store.replace_security_groups(ALL)
    return store


@pytest.mark.facts("cf-control-plane", 114, 115, 119, 120)
@pytest.mark.parametrize(
    ("spaces", "found"),
    [
        ([], [BOTH, STAGING]),
        (["space-c"], [BOTH, BC, STAGING]),
        (["space-b", "space-c", "space-d"], [BOTH, BC, STAGING]),
        (["space-a", "space-d"], [BOTH, A, BC, STAGING]),
        (["space"], [BOTH, STAGING]),
        (["\"]' OR 1=1 --", "no\0text", "%s"], [BOTH, STAGING]),
    ],
)
def test_spaces_have_their_groups_and_the_global_ones(
    filled: Store, spaces: list[str], found: list[SecurityGroup]
) -> None:
    assert filled.list_security_groups(spaces) == (found, 0)


@pytest.mark.facts("cf-control-plane", 116, 117)
def test_a_page_says_where_the_next_begins(store: Store) -> None:
    three = [security_group(f"group-{name}", staging_space_guids=(f"space-{name}",)) for name in "abc"]
    store.replace_security_groups(three)
    spaces = ["space-a", "space-b", "space-c"]
    assert store.list_security_groups(spaces, limit=2) == (three[:2], 3)
    assert store.list_security_groups(spaces, limit=2, start=3) == (three[2:], 0)
    assert store.list_security_groups(spaces, limit=3) == (three, 0)
    assert store.list_security_groups(spaces, start=4) == ([], 0)


@pytest.mark.facts("cf-control-plane", 129)
def test_a_group_that_stays_keeps_its_row(filled: Store) -> None:
    changed = security_group("bc", name="new name", rules="[]", running_space_guids=("space-e",))
    new = security_group("new", running_default=True)
    filled.replace_security_groups([new, changed, A])
    assert filled.list_security_groups(["space-a", "space-e"]) == ([A, changed, new], 0)
    assert filled.list_security_groups(["space-c"]) == ([new], 0)
    _, first = filled.list_security_groups(["space-a", "space-e"], start=3, limit=1)
    assert first == 6, "A has row 2, and the changed one row 3 as before"


@pytest.mark.facts("cf-control-plane", 130)
def test_the_same_again_succeeds(filled: Store) -> None:
    before = filled.list_security_groups(["space-a"], limit=2)
    filled.replace_security_groups(ALL)
    assert filled.list_security_groups(["space-a"], limit=2) == before


def test_every_replacement_moves_the_moment_on(store: Store, clock: Clock) -> None:
    store.replace_security_groups(ALL)
    first = store.security_groups_last_updated()
    clock.turn(-60)
    store.replace_security_groups(ALL)
    assert store.security_groups_last_updated() == first + 1000
    clock.turn(120)
    store.replace_security_groups([])
    assert store.security_groups_last_updated() == clock.now


def test_nothing_in_place_of_nothing_is_no_change(store: Store, clock: Clock) -> None:
    before = store.security_groups_last_updated()
    clock.turn(1)
    store.replace_security_groups([])
    assert store.security_groups_last_updated() == before


def test_policies_have_a_moment_of_their_own(store: Store) -> None:
    before = store.last_updated()
    store.replace_security_groups(ALL)
    assert store.last_updated() == before


@pytest.mark.facts("cf-control-plane", 131)
def test_a_failure_says_at_what_and_changes_nothing(filled: Store) -> None:
    with hidden(filled, "security_groups"), pytest.raises(StoreError, match=r"^selecting security groups: "):
        filled.replace_security_groups([A])
    assert filled.list_security_groups(["space-c"]) == ([BOTH, BC, STAGING], 0)


@pytest.mark.facts("cf-control-plane", 131)
def test_a_group_that_cannot_be_saved_is_named(filled: Store) -> None:
    nameless = security_group("bad", name=None)
    with pytest.raises(StoreError, match=r"^saving security group bad \(2\): "):
        filled.replace_security_groups([A, nameless])
    assert filled.list_security_groups(["space-c"]) == ([BOTH, BC, STAGING], 0)
