"""These tests need container engines: scripts/engines installs them and runs the tests, no usual run has them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.podman import Podman
from netlab import CHECKOUT, MNT_DETACH, PATIENCE, Host, enter_private_mounts

collect_ignore_glob = [] if "POPLIN_ENGINES" in os.environ else ["test_*"]

# Where podman and runc keep their files, and locks in shared memory; the laboratory has a place for all else.
ENGINES = ("/run/containers", "/run/libpod", "/run/runc", "/var/lib/containers", "/dev/shm")
EACH_TEST = (*ENGINES, "/var/lib/cni", "/etc/cni")


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugins as `poplin install` leaves them."""
    folder = tmp_path_factory.mktemp("installed")
    places = ["--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib")]
    command = [sys.executable, "-m", "poplin.cli.main", "install", *places]
    subprocess.run(command, cwd=CHECKOUT, capture_output=True, timeout=PATIENCE, check=True)
    return folder / "bin"


@pytest.fixture(scope="session")
def engines(laboratory: None) -> None:
    """More private mounts for this process."""
    enter_private_mounts(ENGINES)


@pytest.fixture
def empty_places(engines: None) -> Iterator[None]:
    """Nothing of other tests where everything is kept."""
    libc = ctypes.CDLL(None, use_errno=True)
    for folder in EACH_TEST:
        assert libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, None) == 0, os.strerror(ctypes.get_errno())
    yield
    for folder in EACH_TEST:
        libc.umount2(folder.encode(), MNT_DETACH)


@pytest.fixture
def podman(
    empty_places: None, host: Host, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Podman]:
    """podman on a fresh host, with our plugins and no network yet; its containers go when the test ends."""
    monkeypatch.delenv("POPLIN_CNI_DIR", raising=False)  # our records are to be where podman's are
    made = Podman(host, installed, tmp_path / "podman")
    yield made
    made.remove()
