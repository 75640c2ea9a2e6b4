"""The how-to pages of container engines, docs/howto/podman.md and its like: every command works as it is shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.readme import CHECKOUT, PRIVATE, find_shown, has_printed, run_session
from engines.groups import find_groups, remove_groups

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
# And containerd: processes may not be made less likely to be ended for want of memory.
PODS = '[plugins."io.containerd.grpc.v1.cri"]\n'
IN_SETTINGS = (PODS, f"{PODS}restrict_oom_score_adj = true\n")
EXEMPT = ("apt-get install",)  # scripts/engines has done it
GROUPS = ("libpod_parent", "default", "k8s.io")  # control groups of podman and containerd


@pytest.fixture
def no_groups() -> Iterator[None]:
    """The control groups that engines make and leave are removed, unless they were there."""
    left = [name for name in GROUPS if not find_groups(name)]
    yield
    for name in left:
        remove_groups(name)


@pytest.mark.parametrize("engine", ["podman", "buildah", "containerd"])
def test_page_is_true(no_groups: None, tmp_path: Path, engine: str) -> None:
    page = find_shown((CHECKOUT / "docs" / "howto" / f"{engine}.md").read_text())
    shown = [item for item in page if not item.command.startswith(EXEMPT)]
    ran = run_session([*PREPARATION, *(item.command.replace(*IN_SETTINGS) for item in shown)], tmp_path, places=PLACES)
    done = ran[len(PREPARATION) :]
    assert [(item, each) for item, each in zip(shown, done, strict=True) if not has_printed(item, each)] == []
