"""`poplin plugin check` for a plugin that a test writes: the good one, with lines replaced, or any other text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from netlab import CHECKOUT, INTERPRETER, PATIENCE

GOOD = Path(__file__).with_name("good_plugin.py")
HEAD = f"#!{INTERPRETER} -IS\nimport sys; sys.path.insert(0, {str(CHECKOUT)!r})\n"
KEPT, BROKEN, ADVICE, NOT_ASKED = "kept", "broken", "advice", "does not apply"


def write_plugin(folder: Path, text: str) -> Path:
    """An executable of type `good`."""
    path = folder / "good"
    path.write_text(text)
    path.chmod(0o755)
    return path


def check(path: Path, *options: str, chained: bool = False) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of `poplin plugin check`."""
    config = path.with_name("net.conf")
    config.write_text(json.dumps({"cniVersion": "1.1.0", "name": "mynet", "type": "good", "chained": chained}))
    line = [sys.executable, "-m", "poplin.cli.main", "plugin", "check", str(path), "--json", f"--config={config}"]
    kind = ["--kind=chained"] if chained else []
    done = subprocess.run(
        [*line, *kind, *options], capture_output=True, text=True, timeout=120 * PATIENCE, check=False, cwd=CHECKOUT
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def list_rules(report: dict[str, Any], status: str) -> list[str]:
    """Those that fared so."""
    return [each["rule"] for each in report["rules"] if each["status"] == status]
