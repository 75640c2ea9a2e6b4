"""Debian's podman on a host of the laboratory: networks are CNI's, and all there is in a container is busybox.

Its library for CNI is the reference's, libcni, so its records are what any other engine would leave or expect.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from engines.engine import Engine
from engines.inside import Inside, wait_until_serving
from engines.network import NETWORK, write_network
from engines.rootfs import SERVER
from netlab import Host

from poplin.runtime.cache import Cache, Entry

IMAGE = "localhost/busybox:1"
SETTINGS = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
[network]
network_backend = "cni"
cni_plugin_dirs = ["{plugins}"]
network_config_dir = "{networks}"
default_network = "{network}"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""


class Podman(Engine):
    """podman, its folders and its networks."""

    def __init__(self, host: Host, plugins: Path, folder: Path) -> None:
        super().__init__(host, plugins, folder)
        self.environ |= {"CONTAINERS_CONF": str(folder / "containers.conf")}

    def use(self, plugins: Path) -> None:
        super().use(plugins)
        write_settings(self.folder / "containers.conf", plugins, self.networks)

    def configure(self, version: str, *more: Mapping[str, object]) -> None:
        """The network that podman has not written."""
        write_network(self.networks, version, *more)

    def create(self, name: str, *options: str) -> None:
        """A network as podman writes it."""
        assert self("network", "create", *options, name) == f"{name}\n"

    def start(self, *options: str, network: str = NETWORK) -> str:
        """The id of a new container, which serves TCP on port 80."""
        where = ["--network", network, f"--cgroup-parent=/{self.cgroup}"]
        started = self("run", "-d", *where, *options, "--rootfs", str(self.root), *SERVER).strip()
        wait_until_serving(self.inside(started))
        return started

    def import_image(self) -> None:
        """The root file system as an image."""
        tar = self.folder / "image.tar"
        assert self.run("tar", "-C", str(self.root), "-cf", str(tar), ".").returncode == 0
        done = self.attempt("import", "--quiet", str(tar), IMAGE)
        assert done.returncode == 0, done

    def __call__(self, *arguments: str) -> str:
        """stdout of podman, which must succeed and complain of nothing."""
        done = self.attempt(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """podman, however it ends."""
        return self.run("podman", "--storage-driver=vfs", *arguments)

    def inspect(self, container_id: str, template: str) -> str:
        """What podman knows of a container."""
        return self("inspect", "--format", template, container_id).strip()

    def inside(self, container_id: str) -> Inside:
        """The namespace a container has now; it gets another when it is started again."""
        return Inside(container_id, self.inspect(container_id, "{{.NetworkSettings.SandboxKey}}"))

    def entry(self, container_id: str) -> Entry:
        """What is on record of a container."""
        return self.get_entry(NETWORK, container_id)

    def record(self, container_id: str) -> Path:
        """The file that is in."""
        return Path(Cache().path(NETWORK, container_id, "eth0"))

    def address(self, container_id: str, number: int = 0, network: str = NETWORK, ifname: str = "eth0") -> str:
        """One of a container's addresses by the record."""
        return self.get_addresses(network, container_id, ifname)[number]

    def remove(self) -> None:
        """Remove all pods and containers, and the control groups they were in."""
        self.attempt("pod", "rm", "-f", "-a", "-t0")
        self.attempt("rm", "-f", "-a", "-t0")
        super().remove()


def write_settings(path: Path, plugins: Path, networks: Path) -> None:
    """What podman and buildah are to know of this machine and of CNI."""
    path.write_text(SETTINGS.format(plugins=plugins, networks=networks, network=NETWORK))
