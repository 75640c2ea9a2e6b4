"""The how-to pages of container engines, docs/howto/podman.md and containerd.md: every command works as it is shown."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.readme import CHECKOUT, PRIVATE, find_shown, has_printed, run_session
from engines.podman import remove_group

PLACES = (
    *PRIVATE,
    *("/dev/shm", "/etc/containerd", "/etc/containers/containers.conf.d"),
    *("/run/containerd", "/run/containers", "/run/libpod", "/run/runc", "/var/lib/containerd", "/var/lib/containers"),
)
# What this machine needs beside what a page says: containers without limits it may not set, and no overlay.
SETTINGS = """cat >/etc/containers/containers.conf.d/00-machine.conf <<END
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
END"""
PREPARATION = ("export STORAGE_DRIVER=vfs TMPDIR=/var/lib/containers", SETTINGS)
EXEMPT = ("apt-get install",)  # scripts/engines has done it
GROUPS = ("libpod_parent", "default")  # control groups of podman and containerd


@pytest.fixture
def no_groups() -> Iterator[None]:
    """The control groups that engines make and leave are removed, unless they were there."""
    tops = [Path("/sys/fs/cgroup"), *Path("/sys/fs/cgroup").glob("*/")]
    left = [top / name for top in tops for name in GROUPS if not (top / name).exists()]
    yield
    for group in left:
        for folder, _, _ in os.walk(group, topdown=False):
            remove_group(Path(folder))


@pytest.mark.parametrize("engine", ["podman", "containerd"])
def test_page_is_true(no_groups: None, tmp_path: Path, engine: str) -> None:
    page = find_shown((CHECKOUT / "docs" / "howto" / f"{engine}.md").read_text())
    shown = [item for item in page if not item.command.startswith(EXEMPT)]
    ran = run_session([*PREPARATION, *(item.command for item in shown)], tmp_path, places=PLACES)
    done = ran[len(PREPARATION) :]
    assert [(item, each) for item, each in zip(shown, done, strict=True) if not has_printed(item, each)] == []
