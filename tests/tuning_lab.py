"""A container with an interface that is to be tuned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from netlab import REFERENCE, Container, Host, Reply

from poplin.spec.versions import FAMILIES

ALLOWLIST = Path("/etc/cni/tuning/allowlist.conf")  # the laboratory's own


class Tuning:
    """A host with a container whose eth0 is a veth, and where the network keeps its backups."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.container = self.add_container()
        self.mac = self.container.mac("eth0")

    def add_container(self) -> Container:
        """Another one, whose interface has everything as the kernel makes it."""
        made = self.host.add_container()
        made.sh("ip link add eth0 type veth peer name far")
        made.sh("ip link set eth0 up")
        return made

    def conf(self, version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
        """What tuning is given: the result of who made eth0, and these fields."""
        result = made_by_others(version, self.container.path, self.mac)
        conf = {"cniVersion": version, "name": "mynet", "type": "tuning", "dataDir": str(self.folder)}
        return {**conf, "prevResult": result, **fields}

    def call(self, command: str, version: str = "1.1.0", how: dict[str, Any] | None = None, **fields: Any) -> Reply:
        """One verb."""
        return self.host.call(command, self.conf(version, **fields), self.container, **(how or {}))

    def do(self, command: str, version: str = "1.1.0", how: dict[str, Any] | None = None, **fields: Any) -> Any:
        """One verb that must succeed and say nothing on stderr; its result."""
        reply = self.call(command, version, how, **fields)
        assert (reply.status, reply.errors) == (0, ""), reply
        return reply.object if reply.output else None

    def reference(self, command: str, **fields: Any) -> Reply:
        """The same by the reference's plugin."""
        return self.call(command, "1.0.0", {"bin_dir": REFERENCE}, **fields)

    def state(self, container: Container | None = None) -> dict[str, object]:
        """What can be tuned of the interface."""
        (link,) = (container or self.container).json("-d link show dev eth0")
        return {
            "mac": link["address"],
            "promisc": link["promiscuity"],
            "mtu": link["mtu"],
            "allmulti": "ALLMULTI" in link["flags"],
            "txQLen": link.get("txqlen", 0),
        }

    def files(self) -> list[str]:
        """The names of the backups, and of whatever else is there."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.is_dir() else []

    def backup(self) -> Any:
        """The container's."""
        return json.loads(self.path.read_text())

    @property
    def path(self) -> Path:
        """Where that is."""
        return self.folder / f"{self.container.id}_eth0.json"


def made_by_others(version: str, sandbox: str, mac: str) -> dict[str, Any]:
    """The result of the plugin before, which has an address and, since there is a place for them, interfaces."""
    if FAMILIES[version] == "A":
        return {"cniVersion": version, "ip4": {"ip": "10.1.2.2/24"}, "dns": {}}
    tag = {"version": "4"} if FAMILIES[version] == "B" else {}
    interfaces = [{"name": "veth0", "mac": "02:00:00:00:00:99"}, {"name": "eth0", "mac": mac, "sandbox": sandbox}]
    ips = [{**tag, "interface": 1, "address": "10.1.2.2/24", "gateway": "10.1.2.1"}]
    return {"cniVersion": version, "interfaces": interfaces, "ips": ips, **({"dns": {}} if tag else {})}


@pytest.fixture
def tuning(host: Host, tmp_path: Path) -> Tuning:
    """The container, untouched."""
    return Tuning(host, tmp_path / "tuning")
