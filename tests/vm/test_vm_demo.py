"""The demo on the oldest kernel we support."""

from __future__ import annotations

import subprocess

from netlab import CHECKOUT

PATIENCE = 600  # seconds; it takes three on a real machine


def test_the_demo_connects_three_containers_and_leaves_nothing() -> None:
    alone = ["unshare", "--mount", "--net", "--propagation", "private"]
    command = [*alone, str(CHECKOUT / ".venv/bin/python"), "-I", str(CHECKOUT / "scripts/demo.py")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓ ping") == 12
    assert "✓ nothing is left" in done.stdout.splitlines()[-1]
