"""`poplin reload`: names are served again after their dnsmasq died, or its files went with a login."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from dnsname_lab import lookup, runs
from node import Node

NAME = {"type": "dnsname", "domainName": "dns.mynet"}


@pytest.fixture
def named(node: Node, tmp_path: Path) -> Iterator[Node]:
    """mynet knows its containers by name; no dnsmasq is left of it."""
    plain = json.loads((node.config_dir / "10-mynet.conf").read_text())
    bridge = {key: plain[key] for key in plain if key not in ("name", "cniVersion")}
    network = {"cniVersion": "1.1.0", "name": "mynet", "plugins": [bridge, NAME]}
    (node.config_dir / "10-mynet.conflist").write_text(json.dumps(network))
    runtime = tmp_path / "run"
    runtime.mkdir()
    node.environ |= {"XDG_RUNTIME_DIR": str(runtime), "CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAME=web"}
    yield node
    end_servers(runtime)


def end_servers(runtime: Path) -> None:
    """As accidents would."""
    for process in Path("/proc").glob("[0-9]*"):
        if runs(process, f"--conf-file={runtime}/".encode()):
            os.kill(int(process.name), signal.SIGKILL)


@pytest.mark.parametrize("are_files_gone", [False, True])
def test_names_are_served_again(named: Node, *, are_files_gone: bool) -> None:
    container, runtime = named.host.add_container(), Path(named.environ["XDG_RUNTIME_DIR"])
    assert named.run("add", "mynet", container.path)[0] == 0
    assert lookup(container, "web.dns.mynet", "10.22.0.1") == ["10.22.0.2"]
    end_servers(runtime)
    if are_files_gone:
        shutil.rmtree(runtime / "containers")
    assert named.run("reload") == (0, "restored 1 attachment\n", "")
    assert lookup(container, "web.dns.mynet", "10.22.0.1") == ["10.22.0.2"]
