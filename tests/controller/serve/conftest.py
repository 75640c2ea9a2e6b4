"""A policy server that the tests of a module share, and those who come to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from controller.serve.server_lab import ADMIN, Client, Papers, Server, make_client, make_papers, make_settings, serving


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return make_papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def server_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(papers: Papers, server_folder: Path) -> Iterator[Server]:
    """With certificates for clients, and all limits as usual."""
    with serving(server_folder, make_settings(papers)) as running:
        yield running


@pytest.fixture(scope="module")
def admin(papers: Papers) -> Client:
    return make_client(papers, ADMIN)


@pytest.fixture(scope="module")
def stranger(papers: Papers) -> Client:
    """Of the right CA, with a name that is not configured."""
    return make_client(papers)
