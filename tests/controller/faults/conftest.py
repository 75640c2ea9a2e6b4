"""Databases that policy servers share: SQLite always, the servers where scripts/databases runs the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import trustme
from controller.capi import Capi
from controller.serve.server_lab import Papers, make_papers
from controller.store_lab import SERVERS, Database
from controller.uaa import Uaa

collect_ignore_glob = [] if SERVERS else ["test_server_*"]


@pytest.fixture
def url(database: Database) -> str:
    """Of an empty database."""
    return database.new_url()


@pytest.fixture(scope="session")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def uaa() -> Iterator[Uaa]:
    with Uaa(trustme.CA()) as service:
        yield service


@pytest.fixture(scope="module")
def cloud(uaa: Uaa) -> Iterator[Capi]:
    with Capi(trustme.CA(), uaa) as service:
        yield service
