"""`poplin doctor` where the whole machine is the test's: limits of the neighbour table, modules on disk."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest
from doctor.conftest import clinic as clinic
from netlab import PATIENCE

from poplin.doctor.checks.features import BY_TYPE, examine, link
from poplin.doctor.place import Place
from poplin.doctor.trial import try_alone, try_link, waits_on_disk

LIMIT = "/proc/sys/net/ipv4/neigh/default/gc_thresh3"
LOADED = Path("/sys/module")
MODULE = "geneve"  # of links that no plugin makes: other tests have the kernel load all that plugins need


def sh(line: str) -> None:
    """A line of a shell on the machine itself."""
    subprocess.run(["sh", "-c", line], check=True, capture_output=True, timeout=PATIENCE)


def test_a_neighbour_table_that_is_too_small_is_made_larger(clinic: Any) -> None:
    clinic.configure(clinic.bridge())
    clinic.attach()
    usual = Path(LIMIT).read_text()
    try:
        Path(LIMIT).write_text("1")
        found = clinic.find_one("neighbours")
        assert found["text"].startswith("the neighbour table for IPv4 has room for 1, and there are ")
        sh(found["mend"])
        assert clinic.find("neighbours") == []
    finally:
        Path(LIMIT).write_text(usual)


def test_a_module_that_waits_on_disk_is_neither_missing_nor_loaded(
    clinic: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(BY_TYPE, "dummy", (link(MODULE),))
    file = clinic.configure({"type": "dummy", "ipam": {"type": "static"}})
    place = Place(str(file.parent), (str(clinic.host.bin_dir),))
    try:
        assert waits_on_disk(MODULE)
        assert list(examine(place)) == []
        assert not (LOADED / MODULE).exists()
        assert try_alone(try_link, MODULE) == ""
        assert (LOADED / MODULE).exists(), "as soon as it is asked for"
    finally:
        place.close()
        sh(f"modprobe -r {MODULE}")
