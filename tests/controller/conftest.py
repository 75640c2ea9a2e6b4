"""What the tests of the store and those of whole servers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from controller.store_lab import DATABASES, Database, running


@pytest.fixture(scope="session", params=DATABASES)
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One that runs as long as the tests with it."""
    with running(request.param, tmp_path_factory.mktemp(request.param)) as made:
        yield made
