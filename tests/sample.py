"""The option `--sample N`: of each file the first test, and of the others one in N, the same ones in every run.

For a run that repeats another in other surroundings, where what differs shows in many tests or in none: as root of a
user namespace, on a newcomer's machine.
"""

from __future__ import annotations

from pathlib import Path
from zlib import crc32

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --sample."""
    parser.addoption("--sample", type=int, default=1, metavar="N", help="run one test in N, and at least one of a file")


@pytest.hookimpl(trylast=True)  # of what other options have left
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the others out."""
    every = config.getoption("--sample")
    if every == 1:
        return
    seen: set[Path] = set()
    chosen: list[pytest.Item] = []
    left: list[pytest.Item] = []
    for item in items:
        is_chosen = item.path not in seen or crc32(item.nodeid.encode()) % every == 0
        (chosen if is_chosen else left).append(item)
        seen.add(item.path)
    config.hook.pytest_deselected(items=left)
    items[:] = chosen
