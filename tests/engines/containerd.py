"""Debian's containerd on a host of the laboratory, and its tool ctr; every place they know is a private one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from dhcp_lab import wait_until
from engines.engine import Engine
from netlab import PATIENCE, Host

BINARIES, CONFIGS = Path("/opt/cni/bin"), Path("/etc/cni/net.d")  # ctr knows no others
SOCKET = "/run/containerd/containerd.sock"
PODS = "k8s.io"  # the namespace of containerd that CRI's pods are in
# What CRI is told wherever containerd has no limits to set, and no network but ours.
CRI = """
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "{image}"
disable_cgroup = true
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{binaries}"
conf_dir = "{configs}"
max_conf_num = 1
"""
SETTINGS = f"""
version = 2
disabled_plugins = [{{disabled}}]
{CRI}"""
UNWANTED = [f"io.containerd.snapshotter.v1.{name}" for name in ("aufs", "btrfs", "devmapper", "zfs")]
IMAGE = "localhost/busybox:1"


class Containerd(Engine):
    """containerd itself, until it is removed, with the plugins and networks where it looks for them."""

    def __init__(self, host: Host, plugins: Path, folder: Path) -> None:
        BINARIES.parent.mkdir(exist_ok=True)
        super().__init__(host, plugins, folder)
        self.networks = CONFIGS
        CONFIGS.mkdir(parents=True)
        self.namespace = self.cgroup  # of containerd: its containers' control groups are called after it
        self.process: subprocess.Popen[bytes] | None = None

    def use(self, plugins: Path) -> None:
        super().use(plugins)
        BINARIES.unlink(missing_ok=True)
        BINARIES.symlink_to(plugins)

    def start(self) -> None:
        """Once there is a network: what CRI finds at the start need not be waited for."""
        disabled = ", ".join(f'"{name}"' for name in UNWANTED)
        settings = SETTINGS.format(disabled=disabled, image=IMAGE, binaries=BINARIES, configs=CONFIGS)
        (self.folder / "config.toml").write_text(settings)
        command = ["nsenter", f"--net={self.host.path}", "containerd", "--config", str(self.folder / "config.toml")]
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(command, env=self.environ, stdin=subprocess.DEVNULL, stderr=log)
        wait_until(lambda: self.attempt("version").returncode == 0, "containerd answers")

    def __call__(self, *arguments: str) -> str:
        """stdout of ctr, which must succeed."""
        done = self.attempt(*arguments)
        assert done.returncode == 0, done
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """ctr, however it ends."""
        return self.run("ctr", "--namespace", self.namespace, *arguments)

    def command(self, name: str, *command: str) -> list[str]:
        """`ctr run --cni`: a container of this name that is removed when its command ends."""
        how = ["run", "--rm", "--cni", "--rootfs", str(self.root), name, *command]
        return ["ctr", "--namespace", self.namespace, *how]

    def id_of(self, name: str) -> str:
        """What plugins know a container of ctr as."""
        return f"{self.namespace}-{name}"

    def remove(self) -> None:
        """End all tasks, and then containerd."""
        for namespace in (self.namespace, PODS):
            for task in self.run("ctr", "--namespace", namespace, "task", "ls", "-q").stdout.split():
                self.run("ctr", "--namespace", namespace, "task", "delete", "--force", task)
        if self.process:
            self.process.terminate()
            self.process.wait(PATIENCE)
        super().remove()
