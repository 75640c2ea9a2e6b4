"""Doubles of plugins: executables that record how they were called and answer as they were told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from poplin.spec.versions import KNOWN

SCRIPT = """\
#!/usr/bin/python3 -IS
import json, os, sys
told = json.load(open({told!r}))
command = os.environ.get("CNI_COMMAND", "")
stdin = sys.stdin.read()
with open({log!r}, "a") as log:
    log.write(json.dumps({{"command": command, "environ": dict(os.environ), "stdin": stdin}}) + "\\n")
sys.stderr.write(told.get("stderr", ""))
if command == "VERSION" and "VERSION" not in told:
    answer = {{"cniVersion": "1.1.0", "supportedVersions": told["versions"]}}
else:
    answer = told.get(command, told.get("answer"))
if answer == "PASSTHROUGH":
    answer = json.loads(stdin)["prevResult"]
if answer is not None:
    sys.stdout.write(answer if isinstance(answer, str) else json.dumps(answer))
sys.exit(told.get("status", 0) if command in told.get("fails", [command]) else 0)
"""


class Double:
    """One plugin. What it is told: an answer for each verb (or `answer` for all), stderr, versions, status, fails."""

    def __init__(self, folder: Path, plugin_type: str) -> None:
        self.type = plugin_type
        self.path = folder / plugin_type
        self._told = folder / f"{plugin_type}.told"
        self._log = folder / f"{plugin_type}.log"
        self.path.write_text(SCRIPT.format(told=str(self._told), log=str(self._log)))
        self.path.chmod(0o755)
        self.tell()

    def tell(self, **told: Any) -> None:
        """Replace what it was told."""
        self._told.write_text(json.dumps({"ADD": {}, "versions": list(KNOWN), **told}))

    def fail(self, code: int, msg: str, *verbs: str) -> None:
        """Answer these verbs (or all) with an error object."""
        verbs = verbs or ("ADD", "DEL", "CHECK", "GC", "STATUS")
        self.tell(**{verb: {"code": code, "msg": msg} for verb in verbs}, status=1, fails=list(verbs))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call so far: command, environ, stdin."""
        return list(map(json.loads, self._log.read_text().splitlines())) if self._log.exists() else []

    @property
    def commands(self) -> list[str]:
        """The verbs of the calls so far."""
        return [call["command"] for call in self.calls]

    @property
    def configs(self) -> list[dict[str, Any]]:
        """What came on stdin with each."""
        return [json.loads(call["stdin"]) for call in self.calls]


MakeDouble = Callable[[str], Double]


@pytest.fixture
def plugin_dir(tmp_path: Path) -> Path:
    """Where the doubles are."""
    folder = tmp_path / "plugins"
    folder.mkdir()
    return folder


@pytest.fixture
def double(plugin_dir: Path) -> MakeDouble:
    """Makes a plugin of a type."""
    return lambda plugin_type: Double(plugin_dir, plugin_type)


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    """Makes a plugin of a shell script; its path."""

    def make(body: str) -> str:
        path = tmp_path / "script"
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return str(path)

    return make
