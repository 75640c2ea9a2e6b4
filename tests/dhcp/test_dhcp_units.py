"""The units of systemd say what the daemon does by itself."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest
from netlab import CHECKOUT, PATIENCE

from poplin.plugins.dhcp.protocol import SOCKET

UNITS = CHECKOUT / "deploy" / "systemd"
INSTALLED = "/opt/cni/bin/dhcp"


def read_unit(name: str) -> configparser.ConfigParser:
    """The sections of a unit."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string((UNITS / name).read_text())
    return unit


def test_the_socket_is_where_the_plugin_calls_and_roots_alone():
    unit = read_unit("cni-dhcp.socket")["Socket"]
    assert (unit["ListenStream"], unit["SocketMode"], unit["DirectoryMode"]) == (SOCKET, "0600", "0700")


def test_the_service_is_the_plugin_as_daemon_always_running_and_heard_when_ready():
    unit = read_unit("cni-dhcp.service")
    assert unit["Service"]["ExecStart"] == f"{INSTALLED} daemon"
    assert (unit["Service"]["Type"], unit["Service"]["Restart"]) == ("notify", "always")
    assert unit["Unit"]["Requires"] == "cni-dhcp.socket"


if shutil.which("systemd-analyze"):  # which a bare Debian need not have

    @pytest.mark.parametrize("name", ["cni-dhcp.service", "cni-dhcp.socket"])
    def test_systemd_finds_no_fault(tmp_path: Path, bin_dir: Path, name: str):
        for each in ("cni-dhcp.service", "cni-dhcp.socket"):
            text = (UNITS / each).read_text()
            (tmp_path / each).write_text(text.replace(INSTALLED, str(bin_dir / "dhcp")))
        command = ["systemd-analyze", "verify", str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        assert (done.returncode, done.stderr) == (0, "")
