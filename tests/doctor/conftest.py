"""A host that falls ill: networks on it, `poplin doctor` run there, and its advice followed word by word."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE, Container, Host
from node import CHECKOUT

BIN = CHECKOUT / ".venv" / "bin"  # with poplin, as in somebody's shell
BRIDGE: dict[str, Any] = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipMasq": True}


@dataclass
class Visit:
    """What the doctor said."""

    status: int
    report: dict[str, Any]
    errors: str

    def find(self, check: str, *severities: str) -> list[dict[str, Any]]:
        """The findings of a check, or those that are so bad."""
        found = [each for each in self.report["findings"] if each["check"] == check]
        return [each for each in found if each["severity"] in severities or not severities]


class Clinic:
    """A host with the folders of its networks and containers."""

    def __init__(self, host: Host, tmp_path: Path) -> None:
        self.host = host
        self.folder = tmp_path
        self.config_dir = tmp_path / "net.d"
        self.results = tmp_path / "cni" / "results"
        self.leases = tmp_path / "leases"
        self.config_dir.mkdir()
        self.environ = {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "CNI_PATH": str(host.bin_dir),
            "NETCONFPATH": str(self.config_dir),
            "POPLIN_CNI_DIR": str(tmp_path / "cni"),
        }

    # Networks.

    def configure(self, *plugins: dict[str, Any], name: str = "mynet", version: str = "1.1.0", **keys: Any) -> Path:
        """Write a network of these plugins; its file."""
        file = self.config_dir / f"{name}.conflist"
        file.write_text(json.dumps({"cniVersion": version, "name": name, "plugins": plugins, **keys}))
        return file

    def bridge(self, subnet: str = "10.22.0.0/16", **keys: Any) -> dict[str, Any]:
        """A plugin that gives addresses of this subnet."""
        return {**BRIDGE, "ipam": {"type": "host-local", "subnet": subnet, "dataDir": str(self.leases)}, **keys}

    def attach(self, name: str = "mynet", container_id: str = "c1", **how: Any) -> Container:
        """A container on a network."""
        container = self.host.add_container()
        self.sh(f"poplin add {name} {container.path} --container-id {container_id} {how.get('options', '')}")
        return container

    # The doctor.

    def visit(self, *checks: str) -> Visit:
        """`poplin doctor --json`, of these checks only."""
        only = [word for check in checks for word in ("--only", check)]
        command = [sys.executable, "-m", "poplin.cli.main", "doctor", "--json", *only]
        done = self.run(command)
        return Visit(done.returncode, json.loads(done.stdout), done.stderr)

    def find(self, check: str, *severities: str) -> list[dict[str, Any]]:
        """What this check alone finds."""
        return self.visit(check).find(check, *severities)

    def find_one(self, check: str, *severities: str) -> dict[str, Any]:
        """The one thing that this check finds."""
        (found,) = self.find(check, *severities)
        return found

    def cure(self, check: str, finding: dict[str, Any], **environ: str) -> None:
        """Do what the doctor said, as a line of a shell; then the doctor does not find it any more."""
        assert finding["mend"], finding
        self.sh(finding["mend"], **environ)
        again = [each["text"] for each in self.find(check) if each["severity"] == finding["severity"]]
        assert finding["text"] not in again

    def decide(self, old: str, new: str) -> dict[str, str]:
        """An editor that replaces one text by another, as a person would."""
        script = self.folder / "editor"
        script.write_text(f"#!/bin/sh\nexec sed -i 's#{old}#{new}#' \"$1\"\n")
        script.chmod(0o755)
        return {"EDITOR": str(script)}

    # The host.

    def sh(self, line: str, **environ: str) -> str:
        """stdout of a line of a shell on this host, which must succeed."""
        done = self.run(["sh", "-c", line], **environ)
        assert done.returncode == 0, f"{line}: {done.stderr or done.stdout}"
        return done.stdout

    def run(self, command: list[str], **environ: str) -> subprocess.CompletedProcess[str]:
        """A command on this host, whatever comes of it."""
        return subprocess.run(
            ["nsenter", f"--net={self.host.path}", *command],
            env={**self.environ, **environ},
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture
def clinic(host: Host, tmp_path: Path) -> Clinic:
    """A fresh one."""
    return Clinic(host, tmp_path)
