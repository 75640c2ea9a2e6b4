"""A host with configured networks on which the command line runs, real plugins behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE

from poplin.cli.samples import write_samples

CHECKOUT = Path(__file__).resolve().parents[1]


class Node:
    """A host with the networks of the CNI overview."""

    def __init__(self, host: Any, tmp_path: Path) -> None:
        self.host = host
        self.config_dir = tmp_path / "net.d"
        self.results = tmp_path / "cni" / "results"
        self.leases = tmp_path / "leases"
        self.config_dir.mkdir()
        write_samples(str(self.config_dir))
        mynet = self.config_dir / "10-mynet.conf"
        conf = json.loads(mynet.read_text())
        conf["ipam"]["dataDir"] = str(self.leases)
        mynet.write_text(json.dumps(conf))
        self.environ = {
            "PATH": os.environ["PATH"],
            "CNI_PATH": str(host.bin_dir),
            "NETCONFPATH": str(self.config_dir),
            "POPLIN_CNI_DIR": str(tmp_path / "cni"),
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """`poplin ARGUMENTS`, started on this host."""
        command = ["nsenter", f"--net={self.host.path}", sys.executable, "-m", "poplin.cli.main", *arguments]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self.environ, cwd=CHECKOUT, stdout=pipe, stderr=pipe, text=True)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        with self.start(*arguments) as process:
            try:
                output, errors = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return process.returncode, output, errors

    def has_nothing_left(self) -> bool:
        """No record, no lease, no link but the bridge."""
        leased = [path.name for path in self.leases.glob("mynet/10.*")]
        return not list(self.results.iterdir()) and not leased and self.host.links() in ([], ["cni0"])


@pytest.fixture
def node(host: Any, tmp_path: Path) -> Node:
    """A fresh one."""
    return Node(host, tmp_path)
