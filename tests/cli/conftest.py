"""The command line in this process, on doubles, with everything it reads and writes in the test's own folder."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Reply

from poplin.cli.main import main

Poplin = Callable[..., Reply]


@pytest.fixture
def config_dir(tmp_path: Path, plugin_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """NETCONFPATH; the other variables lead into the test's folder too."""
    folder = tmp_path / "net.d"
    folder.mkdir()
    monkeypatch.setenv("NETCONFPATH", str(folder))
    monkeypatch.setenv("CNI_PATH", str(plugin_dir))
    monkeypatch.setenv("POPLIN_CNI_DIR", str(tmp_path / "cni"))
    for name in ("CNI_ARGS", "CAP_ARGS", "CNI_IFNAME"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture
def configure(config_dir: Path) -> Callable[..., None]:
    """Writes the network `mynet` of plugins of these types."""

    def write(*types: str, version: str = "1.1.0", **keys: Any) -> None:
        plugins = [{"type": each} for each in types]
        text = json.dumps({"name": "mynet", "cniVersion": version, "plugins": plugins, **keys})
        (config_dir / "10-mynet.conflist").write_text(text)

    return write


@pytest.fixture
def poplin(config_dir: Path, capfd: pytest.CaptureFixture[str]) -> Poplin:
    """Runs the command."""

    def run(*arguments: str, prog: str = "poplin") -> Reply:
        capfd.readouterr()
        status = main(arguments, prog)
        said = capfd.readouterr()
        return Reply(status, said.out, said.err)

    return run
