"""These tests need container engines: scripts/engines installs them and runs the tests, no usual run has them."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from engines.buildah import Buildah
from engines.containerd import Containerd
from engines.podman import Podman
from netlab import (
    CHECKOUT,
    MNT_DETACH,
    OWN_MODE,
    PATIENCE,
    Container,
    Host,
    ensure_mount_points,
    enter_private_mounts,
)
from traffic import add_outside

collect_ignore_glob = [] if "POPLIN_ENGINES" in os.environ else ["test_*"]

# Where engines keep their files, and locks in shared memory, and where state of plugins can be that the laboratory has
# no place for.
ENGINES = (
    *("/run/containers", "/run/libpod", "/run/runc", "/var/lib/containers", "/dev/shm"),
    *("/etc/containerd", "/run/containerd", "/var/lib/containerd"),
    *("/etc/docker", "/run/docker", "/var/lib/docker"),
    *("/run/poplin", "/var/lib/poplin", "/opt/cni"),
)
EACH_TEST = (*ENGINES, "/var/lib/cni", "/etc/cni", "/run/cni")
PAGES = ("/etc/containers/containers.conf.d", "/etc/crio", "/etc/poplin", "/run/flannel", "/usr/local/lib/poplin")


def pytest_configure(config: pytest.Config) -> None:
    """As the laboratory does it: where several processes run the tests, who starts them makes the mount points."""
    if getattr(config.option, "numprocesses", None) and "POPLIN_ENGINES" in os.environ:
        ensure_mount_points((*ENGINES, *PAGES))


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugins as `poplin install` leaves them."""
    folder = tmp_path_factory.mktemp("installed")
    places = ["--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib")]
    command = [sys.executable, "-m", "poplin.cli.main", "install", *places]
    subprocess.run(command, cwd=CHECKOUT, capture_output=True, timeout=4 * PATIENCE, check=True)  # it compiles
    return folder / "bin"


@pytest.fixture(scope="session")
def engines(laboratory: None) -> None:
    """More private mounts for this process."""
    enter_private_mounts(ENGINES)


@pytest.fixture
def empty_places(engines: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of other tests where everything is kept; and our records are to be where the engines' are."""
    monkeypatch.delenv("POPLIN_CNI_DIR", raising=False)
    libc = ctypes.CDLL(None, use_errno=True)
    for folder in EACH_TEST:
        assert libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, OWN_MODE) == 0, os.strerror(ctypes.get_errno())
    yield
    for folder in EACH_TEST:
        libc.umount2(folder.encode(), MNT_DETACH)


@pytest.fixture
def outside(host: Host) -> Container:
    """A machine beyond the host."""
    return add_outside(host)


@pytest.fixture
def podman(empty_places: None, host: Host, installed: Path, tmp_path: Path) -> Iterator[Podman]:
    """podman on a fresh host, with our plugins and no network yet; its containers go when the test ends."""
    made = Podman(host, installed, tmp_path / "podman")
    yield made
    made.remove()


@pytest.fixture
def buildah(empty_places: None, host: Host, installed: Path, tmp_path: Path) -> Iterator[Buildah]:
    """buildah on a fresh host, with our plugins and no network yet."""
    made = Buildah(host, installed, tmp_path / "buildah")
    yield made
    made.remove()


@pytest.fixture
def containerd(empty_places: None, host: Host, installed: Path, tmp_path: Path) -> Iterator[Containerd]:
    """containerd, not started yet, on a fresh host, with our plugins and no network."""
    made = Containerd(host, installed, tmp_path / "containerd")
    yield made
    made.remove()
