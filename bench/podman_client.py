"""podman as a client of plugins: a container from `podman run` to `podman rm`."""

from __future__ import annotations

import json
from pathlib import Path

from engines.podman import Podman
from engines.rootfs import SERVER
from netlab import Host

PORT = ("--publish", "8080:80")


class PodmanClient:
    """podman with one network."""

    def __init__(self, host: Host, plugins: Path, networks: Path, folder: Path) -> None:
        self.podman = Podman(host, plugins, folder / "podman")
        (network,) = networks.iterdir()
        self.network = json.loads(network.read_text())["name"]
        (self.podman.networks / network.name).write_bytes(network.read_bytes())

    def start(self, *, is_attached: bool) -> str:
        """A container that serves."""
        where = ("--network", self.network, *PORT) if is_attached else ("--network", "none")
        group = f"--cgroup-parent=/{self.podman.cgroup}"
        return self.podman("run", "-d", *where, group, "--rootfs", str(self.podman.root), *SERVER).strip()

    def stop(self, container: str) -> None:
        """Remove it."""
        self.podman("rm", "-f", "-t0", container)

    def forget(self, container: str) -> None:
        """There is nothing more of it."""

    def remove(self) -> None:
        """All containers."""
        self.podman.remove()
