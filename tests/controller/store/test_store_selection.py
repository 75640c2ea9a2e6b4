"""Which policies a list is narrowed to (cf-control-plane §1.7)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sql
from controller.store_lab import policy

from poplin.controller.store import Store
from poplin.policy.model import ALL, Selection

STORED = {
    "first": policy("app1", "app2", 1234),
    "range": policy("app3", "app1", 8080, 8090),
    "last": policy("app3", "app4", 7777),
}


@pytest.fixture
def filled(store: Store) -> Store:
    """With the policies of the fact sheet."""
    store.create_policies(list(STORED.values()))
    return store


def select(**ids: str) -> Selection:
    """As a query says it, with commas."""
    return Selection(**{side: frozenset(text.split(",")) for side, text in ids.items()})


@pytest.mark.facts("cf-control-plane", 56, 58, 59, 60, 61, 62, 63)
@pytest.mark.parametrize(
    ("selection", "found"),
    [
        (ALL, ["first", "range", "last"]),
        (select(either="app1,app2"), ["first", "range"]),
        (select(either="app4"), ["last"]),
        (select(sources="app1,app2"), ["first"]),
        (select(destinations="app1,app4"), ["range", "last"]),
        (select(sources="app1,app3", destinations="app2,app4"), ["first", "last"]),
        (select(sources="app1", destinations="app4"), []),
        (select(either="app4", sources="app1"), ["last"]),
        (select(either=""), []),
        (select(either="app1 ,APP2,áppl4"), []),
        (select(sources="App1", destinations="app2 "), []),
        (select(either="'; DROP TABLE policies; --,%s,app1"), ["first", "range"]),
        (select(either="no\0text,\ud800,app1"), ["first", "range"]),
    ],
)
def test_a_selection_finds(filled: Store, selection: Selection, found: list[str]) -> None:
    assert [each.policy for each in filled.list_policies(selection)] == [STORED[name] for name in found]


@pytest.fixture
def statements(filled: Store) -> Iterator[list[str]]:
    """What the store asks the database from now on."""
    asked: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        asked.append(statement)

    sql.event.listen(filled.database.engine, "before_cursor_execute", note)
    yield asked


@pytest.mark.facts("cf-control-plane", 128)
@pytest.mark.parametrize("side", ["either", "sources", "destinations"])
def test_nothing_is_asked_for_nobody(filled: Store, statements: list[str], side: str) -> None:
    assert filled.list_policies(Selection(**{side: frozenset()})) == []
    assert [statement for statement in statements if statement.startswith("SELECT")] == []


def test_more_ids_than_a_statement_has_room_for_parameters(filled: Store, statements: list[str]) -> None:
    many = frozenset(f"no-app-{number}" for number in range(70_000))
    assert [each.policy for each in filled.list_policies(Selection(either=many | {"app4"}))] == [STORED["last"]]
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1
