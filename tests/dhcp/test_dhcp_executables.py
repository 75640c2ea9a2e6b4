"""The daemon by each of its names, and the plugin's executable that asks it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from dhcp_lab import wait_until
from netlab import PATIENCE, Host

POPLIN = [sys.executable, "-m", "poplin.cli.main"]


@pytest.fixture(scope="module", params=["launcher", "python"])
def installed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plugins, installed with either entry."""
    folder = tmp_path_factory.mktemp("installed")
    where = ["--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib"), "--entry", request.param]
    subprocess.run([*POPLIN, "install", *where], check=True, timeout=PATIENCE, capture_output=True)
    return folder / "bin"


def serve(host: Host, command: list[str], path: Path) -> Iterator[subprocess.Popen[str]]:
    """The daemon, from when it listens until it is told to end."""
    line = ["nsenter", f"--net={host.path}", *command, "daemon", "--socketpath", str(path)]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True)
    try:
        wait_until(lambda: takes_calls(path) or process.poll() is not None, "the daemon listens")
        yield process
    finally:
        process.kill()
        process.communicate(timeout=PATIENCE)


def takes_calls(path: Path) -> bool:
    """Whether somebody listens; the file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def try_it(host: Host, command: list[str], folder: Path, bin_dir: Path) -> list[int]:
    """Have it run and end. The exit statuses: of STATUS while it is there, its own, and of STATUS after it."""
    path = folder / "dhcp.sock"
    ipam = {"type": "dhcp", "daemonSocketPath": str(path)}
    conf = {"cniVersion": "1.1.0", "name": "mynet", "type": "dhcp", "ipam": ipam}
    statuses = []
    for process in serve(host, command, path):
        statuses.append(host.call("STATUS", conf, bin_dir=bin_dir).status)
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
        assert errors == f"listening at {path}\nstopped; leases go on\n"
        statuses.append(process.returncode)
    assert not path.exists()
    return [*statuses, host.call("STATUS", conf, bin_dir=bin_dir).status]


def test_the_installed_executable_is_the_daemon(host: Host, installed: Path, tmp_path: Path) -> None:
    assert try_it(host, [str(installed / "dhcp")], tmp_path, installed) == [0, 0, 1]


def test_so_is_the_executable_of_a_checkout(host: Host, tmp_path: Path) -> None:
    assert try_it(host, [str(host.bin_dir / "dhcp")], tmp_path, host.bin_dir) == [0, 0, 1]


def test_and_poplin_itself(host: Host, tmp_path: Path) -> None:
    assert try_it(host, [*POPLIN, "dhcp"], tmp_path, host.bin_dir) == [0, 0, 1]
