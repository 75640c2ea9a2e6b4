"""Debian's buildah on a host of the laboratory: the commands of a build run in containers with a CNI network."""

from __future__ import annotations

from pathlib import Path

from engines.engine import Engine
from engines.podman import write_settings
from netlab import Host

STORAGE = "--storage-driver=vfs"
RUN = ("run", "--runtime", "runc", "--isolation", "oci")


class Buildah(Engine):
    """buildah, its folders, and one container that is being built, of busybox."""

    def __init__(self, host: Host, plugins: Path, folder: Path) -> None:
        super().__init__(host, plugins, folder)
        self.environ |= {"CONTAINERS_CONF": str(folder / "containers.conf"), "TMPDIR": "/var/lib/containers"}
        self.name = self("from", f"--cgroup-parent=/{self.cgroup}", "scratch").strip()
        self("copy", "--quiet", self.name, str(self.root), "/")

    def use(self, plugins: Path) -> None:
        super().use(plugins)
        write_settings(self.folder / "containers.conf", plugins, self.networks)

    def __call__(self, *arguments: str) -> str:
        """stdout of buildah, which must succeed."""
        done = self.run("buildah", STORAGE, *arguments)
        assert done.returncode == 0, done
        return done.stdout

    def step(self, network: str, *command: str) -> str:
        """stdout of one command of the build."""
        done = self.run(*self.command(network, *command))
        assert done.returncode == 0, done
        return done.stdout

    def command(self, network: str, *command: str) -> list[str]:
        """One command of the build, as a command line."""
        return ["buildah", STORAGE, *RUN, "--network", network, self.name, "--", *command]

    def remove(self) -> None:
        """Remove the container and its control groups."""
        self("rm", self.name)
        super().remove()
