"""A store in each database there is: SQLite always, the servers where scripts/databases runs the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from controller.store_lab import SERVERS, TAG_LENGTH, Clock, Database

from poplin.controller.store import Store, migrate, open_store

collect_ignore_glob = [] if SERVERS else ["test_server_*"]


@pytest.fixture
def empty_url(database: Database) -> str:
    """Of a database without a table."""
    return database.new_url()


@pytest.fixture(scope="session")
def template(database: Database) -> str:
    """Of a migrated database that nobody uses."""
    url = database.new_url()
    migrate(url, tag_length=TAG_LENGTH)
    return url


@pytest.fixture
def url(database: Database, template: str) -> str:
    """Of a database for tags of one byte."""
    return database.copy(template)


@pytest.fixture
def clock() -> Clock:
    """What the store takes for the time."""
    return Clock()


@pytest.fixture
def store(url: str, clock: Clock) -> Iterator[Store]:
    """One in which freed tags do not rest."""
    made = open_store(url, tag_length=TAG_LENGTH, quarantine=0, clock=clock)
    yield made
    made.close()
