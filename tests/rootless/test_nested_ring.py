"""The tests on the real kernel again, as root of a user namespace: `unshare -rmn`.

A few files of each kind usually; all of them with POPLIN_ALL in the environment, as `scripts/test --all` has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from netlab import CHECKOUT

PATIENCE = 900  # seconds; the longest takes a sixth of that where two processors are busy with other things
USUAL = {
    "bridge": ("bridge/test_bridge_add.py", "bridge/test_bridge_masquerade.py", "bridge/test_bridge_vlans.py"),
    "ptp": ("ptp/test_ptp_add.py", "ptp/test_ptp_verbs.py"),
    "portmap": ("portmap/test_portmap_matrix.py", "portmap/test_portmap_verbs.py"),
    "host-local": ("host_local/test_host_local_verbs.py",),
    "loopback": ("test_loopback.py",),
    "static": ("test_static.py",),
}
PARTS = {name: [f"tests/plugins/{file}" for file in files] for name, files in USUAL.items()}
PARTS["cli"] = ["tests/cli/test_run.py", "tests/cli/test_publish.py"]
ALL_PARTS = {name: [f"tests/{name}"] for name in ("plugins", "linux", "runtime", "cli", "docs")}
SELECTED = ALL_PARTS if "POPLIN_ALL" in os.environ else PARTS

# What root of a user namespace cannot do, so that these tests prove nothing there.
NEEDS_ROOT = {
    "tests/plugins/bridge/test_bridge_add.py::test_switches_that_may_not_be_written": "mounts another /proc",
    "tests/cli/test_install.py::test_what_others_may_write_is_refused[owner]": "gives a file to another user",
    "tests/docs/test_pages.py::test_page_is_true[docs/howto/install.md]": "gives a file to a group, mounts /proc",
    "tests/docs/test_troubleshooting.py::test_message_is_printed_and_its_cure_works"
    "[...: Operation not permitted (code 5); run it as root]": "becomes another user",
    "tests/runtime/test_sandbox.py::test_without_the_right_to_it_the_reason_is_told": "becomes another user",
}


@pytest.mark.parametrize("part", SELECTED)
def test_the_ring_passes_in_a_user_namespace(part: str, tmp_path: Path) -> None:
    outcome = tmp_path / "outcome"
    options = [f"--deselect={node}" for node in NEEDS_ROOT]
    options += ["-p", "no:cacheprovider", f"--basetemp={tmp_path / 'nested'}", "--tally", f"--summary={outcome}"]
    command = ["unshare", "-rmn", sys.executable, "-m", "pytest", *options, *SELECTED[part]]
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert outcome.is_file(), done.stdout + done.stderr
    summary = json.loads(outcome.read_text())
    assert summary["failures"] == {}
    assert (summary["failed"], summary["skipped"]) == (0, 0)
    assert summary["passed"] > 0


@pytest.mark.parametrize("node", NEEDS_ROOT)
def test_what_is_left_out_is_there(node: str) -> None:
    file, _, name = node.partition("::")
    assert f"def {name.partition('[')[0]}(" in (CHECKOUT / file).read_text()
