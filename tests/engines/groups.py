"""Control groups that engines make, and leave to whoever asked for them."""

from __future__ import annotations

import os
import time
from pathlib import Path

from netlab import PATIENCE

ROOT = Path("/sys/fs/cgroup")


def find_groups(name: str) -> list[Path]:
    """The control groups of this name that are there: one, or one in each hierarchy of the first version."""
    return [each for each in (ROOT / name, *ROOT.glob(f"*/{name}")) if each.is_dir()]


def remove_groups(name: str) -> None:
    """Remove the control groups of this name, and all in them."""
    for top in find_groups(name):
        for folder, _, _ in os.walk(top, topdown=False):
            remove_group(Path(folder))


def remove_group(folder: Path) -> None:
    """Once the monitor of the last container in this control group has ended, which it does in its own time."""
    deadline = time.monotonic() + PATIENCE
    while (folder / "cgroup.procs").read_text():
        assert time.monotonic() < deadline, f"{folder} still has processes"
        time.sleep(0.01)
    folder.rmdir()
