"""ptp by way of the runtime: the command line reads the network from a file and runs the executables."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, lease_files

from poplin.cli.main import main


@pytest.mark.facts("plugins-main-ipam", 240)
def test_cnitool_attaches_and_detaches_a_container(
    host: Host,
    container: Container,
    ptp: Callable[..., dict[str, Any]],
    leases: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "10-mynet.conf").write_text(json.dumps(ptp("10.1.2.0/24", version="0.3.0", ipMasq=True, mtu=512)))
    for name, value in (("NETCONFPATH", tmp_path), ("CNI_PATH", host.bin_dir), ("POPLIN_CNI_DIR", tmp_path / "cni")):
        monkeypatch.setenv(name, str(value))
    with host.entered():
        assert main(["add", "mynet", container.path], "cnitool") == 0
        assert json.loads(capfd.readouterr().out)["ips"][0]["address"] == "10.1.2.2/24"
        assert container.addresses("eth0") == ["10.1.2.2/24"]
        assert container.json("link show dev eth0")[0]["mtu"] == 512
        assert main(["del", "mynet", container.path], "cnitool") == 0
    assert (host.links(), container.links(), lease_files(leases)) == ([], [], [])
