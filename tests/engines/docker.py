"""Debian's docker on a host of the laboratory: a daemon of its own, unpacked by scripts/engines, with all it keeps in
private places."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from engines.engine import PATH, Engine
from netlab import CHECKOUT, PATIENCE, Host

UNPACKED = CHECKOUT / ".venv" / "share" / "docker" / "usr"
FOLDER = Path("/run/containerd/docker")  # private to the test, and short, as sockets want it
IMAGE = "busybox:latest"
# What this machine does not let a daemon do.
LIMITS = ("--oom-score-adjust=0", "--default-ulimit=nofile=1024:1024", "--default-ulimit=nproc=1024:1024")


class Docker(Engine):
    """dockerd, and the command line that talks to it."""

    name = "docker"

    def __init__(self, host: Host, plugins: Path, folder: Path) -> None:
        super().__init__(host, plugins, folder)
        socket = f"unix://{FOLDER}/docker.sock"
        self.environ |= {
            "PATH": f"{UNPACKED}/sbin:{UNPACKED}/bin:{PATH}",
            "DOCKER_HOST": socket,
            "DOCKER_CONFIG": str(FOLDER / "config"),
        }
        places = [f"--data-root={FOLDER}/data", f"--exec-root={FOLDER}/exec", f"--pidfile={FOLDER}/docker.pid"]
        words = [f"--host={socket}", *places, "--storage-driver=vfs", f"--cgroup-parent=/{self.cgroup}", *LIMITS]
        FOLDER.mkdir()
        with open(folder / "log", "wb") as log:
            self.daemon = subprocess.Popen(
                ["nsenter", f"--net={host.path}", "dockerd", *words], env=self.environ, stdout=log, stderr=log
            )
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Until the daemon answers."""
        deadline = time.monotonic() + PATIENCE
        while self.run("docker", "version").returncode:
            said = (self.folder / "log").read_text()
            assert self.daemon.poll() is None and time.monotonic() < deadline, said
            time.sleep(0.1)

    def import_image(self) -> None:
        """The root file system as an image."""
        tar = self.folder / "image.tar"
        assert self.run("tar", "-C", str(self.root), "-cf", str(tar), ".").returncode == 0
        self("import", str(tar), IMAGE)

    def __call__(self, *arguments: str) -> str:
        """stdout of docker, which must succeed and complain of nothing."""
        done = self.run("docker", *arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def remove(self) -> None:
        """End the daemon, and with it all containers."""
        self.daemon.terminate()
        self.daemon.wait(PATIENCE)
        super().remove()
