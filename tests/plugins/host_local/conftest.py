"""A network of host-local with its leases in a temporary folder, called in this process or as a runtime calls it."""

from __future__ import annotations

import json
import os
import posix
import subprocess
from pathlib import Path
from typing import Any

import pytest

from poplin.plugins.host_local.plugin import PLUGIN
from poplin.plugins.kit.skel import answer

PATIENCE = 120  # seconds for any command
NETNS = "/run/netns/nowhere"  # host-local never looks at it


class Network:
    """One network: its configuration, its lease folder, and calls for it."""

    def __init__(self, data_dir: Path, name: str = "mynet") -> None:
        self.data_dir = data_dir
        self.name = name
        self.folder = data_dir / name
        self.index = data_dir / ".poplin" / name
        self.version = "1.1.0"
        self.ipam: dict[str, Any] = {"ranges": [[{"subnet": "10.1.2.0/24"}]]}
        self.extra: dict[str, Any] = {}

    def conf(self, **extra: Any) -> dict[str, Any]:
        """The configuration as the plugin gets it."""
        ipam = {"type": "host-local", "dataDir": str(self.data_dir), **self.ipam}
        return {"cniVersion": self.version, "name": self.name, "type": "bridge", "ipam": ipam} | self.extra | extra

    def environ(self, verb: str, cid: str, ifname: str, cni_args: str = "") -> dict[str, str]:
        """The variables of a call."""
        attachment = {"CNI_CONTAINERID": cid, "CNI_IFNAME": ifname, "CNI_NETNS": NETNS, "CNI_ARGS": cni_args}
        return {"CNI_COMMAND": verb, "CNI_PATH": "/nowhere", **attachment}

    def call(
        self, verb: str, cid: str = "dummy", ifname: str = "eth0", cni_args: str = "", **extra: Any
    ) -> dict[str, Any]:
        """The answer of a call in this process: a result, an error object, or {} for nothing on stdout."""
        stdin = json.dumps(self.conf(**extra)).encode()
        reply = answer(PLUGIN, self.environ(verb, cid, ifname, cni_args), lambda: stdin)
        assert "Traceback" not in reply.errors, reply.errors
        return json.loads(reply.output) if reply.output else {}

    def run(self, executable: Path, verb: str, cid: str, ifname: str = "eth0", cni_args: str = "") -> dict[str, Any]:
        """The answer of an executable."""
        return self.read(self.start(executable, verb, cid, ifname, cni_args))

    def read(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """The answer of a started executable."""
        with process:
            output, errors = process.communicate(timeout=PATIENCE)
        assert not errors, errors
        return json.loads(output) if output else {}

    def start(
        self, executable: Path, verb: str, cid: str, ifname: str = "eth0", cni_args: str = ""
    ) -> subprocess.Popen[str]:
        """An executable, started and fed."""
        pipe = subprocess.PIPE
        environ = self.environ(verb, cid, ifname, cni_args)
        process = subprocess.Popen([str(executable)], env=environ, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert process.stdin
        process.stdin.write(json.dumps(self.conf()))
        process.stdin.close()
        process.stdin = None
        return process

    def add(self, cid: str = "dummy", ifname: str = "eth0", **how: Any) -> list[str]:
        """The addresses an ADD gave."""
        result = self.call("ADD", cid, ifname, **how)
        assert "code" not in result, result
        return addresses(result)

    def leases(self) -> dict[str, bytes]:
        """The content of every lease file."""
        if not self.folder.is_dir():
            return {}
        files = {path.name: path.read_bytes() for path in self.folder.iterdir()}
        return {name: text for name, text in files.items() if name != "lock" and not name.startswith("last_")}

    def write_lease(self, ip: str, cid: str, ifname: str = "eth0") -> Path:
        """A lease as another program writes it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / ip
        path.write_bytes(f"{cid}\r\n{ifname}".encode() if ifname else cid.encode())
        return path


def addresses(result: dict[str, Any]) -> list[str]:
    """The addresses of a result of whatever version."""
    if "ip4" in result or "ip6" in result:
        return [result[key]["ip"] for key in ("ip4", "ip6") if key in result]
    return [ip["address"] for ip in result["ips"]]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """10.1.2.0/24, nothing given out yet."""
    return Network(tmp_path / "networks")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of the files this process opens from now on."""
    paths: list[str] = []
    real = os.open

    def spy(path: Any, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        paths.append(os.fspath(path))
        return real(path, flags, mode, dir_fd=dir_fd)

    monkeypatch.setattr(posix, "open", spy)
    return paths
