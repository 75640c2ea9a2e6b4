"""bench/clients.py measures what it says: containers of both engines with the plugins of both sides, all reachable."""

from __future__ import annotations

import json
import subprocess
import sys

from netlab import CHECKOUT

PATIENCE = 900  # seconds for a dozen containers on a busy machine, and as many warming up
MEASURES = {"whole", "without a network", "network part"}


def test_both_engines_are_measured_with_both_sides(engines: None) -> None:
    command = [sys.executable, str(CHECKOUT / "bench" / "clients.py"), "--runs", "1", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert (printed["version"], printed["runs"], printed["bar"]) == (1, 1, 0.6)
    assert {name: engine.keys() for name, engine in printed["engines"].items()} == {
        "podman run + rm": {"poplin", "reference"},
        "CRI sandbox, start + stop": {"poplin", "reference"},
    }
    sides = [side for engine in printed["engines"].values() for side in engine.values()]
    assert all(side.keys() == MEASURES and min(side.values()) > 0 for side in sides)
    assert all(side["network part"] < side["whole"] for side in sides)
