"""A store on SQLite, and clients of both interfaces over it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from controller.api_lab import ADMIN, Client, make_service

from poplin.controller.api.apps import make_external, make_internal
from poplin.controller.store import Store, migrate, open_store


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Made once, as making its tags takes a while."""
    path = tmp_path_factory.mktemp("controller-api") / "empty.db"
    migrate(f"sqlite:///{path}", tag_length=2)
    return path


@pytest.fixture
def store(empty_database: Path, tmp_path: Path) -> Iterator[Store]:
    """One of the test's own; freed tags are free at once."""
    copy = tmp_path / "policies.db"
    copy.write_bytes(empty_database.read_bytes())
    store = open_store(f"sqlite:///{copy}", tag_length=2, quarantine=0)
    yield store
    store.close()


@pytest.fixture
def admin(store: Store) -> Client:
    """An administrator at the external interface."""
    return Client(make_external(make_service(store)), ADMIN)


@pytest.fixture
def agent(store: Store) -> Client:
    """An agent at the internal interface."""
    return Client(make_internal(store))
