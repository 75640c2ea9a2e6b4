"""These tests need a bare Debian: scripts/newcomer makes one and runs them, no usual run has them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from netlab import CHECKOUT
from newcomer.machine import Machine, make_machine

collect_ignore_glob = [] if "POPLIN_NEWCOMER" in os.environ else ["test_*"]


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """One for the whole path, with the last commit where `git clone` finds it."""
    made = make_machine(tmp_path_factory.mktemp("newcomer") / "root")
    subprocess.run(["git", "clone", "-q", "--bare", str(CHECKOUT), str(made.root / "srv/poplin.git")], check=True)
    return made


@pytest.fixture(scope="session")
def clone(machine: Machine) -> Path:
    """The newcomer's clone, as he sees it."""
    done = machine.run("git clone -q /srv/poplin.git poplin")
    assert (done.returncode, done.stderr) == (0, "")
    return Path("/root/poplin")
