"""Debian's podman on a host of the laboratory: networks are CNI's, root file systems are busybox, no image is needed.

Its library for CNI is the reference's, libcni, so its records are what any other engine would leave or expect.
"""

from __future__ import annotations

import glob
import itertools
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firewall import elements
from netlab import CHECKOUT, PATIENCE, Host, lease_files
from reference import KINDS

from poplin.runtime.cache import Cache, Entry
from poplin.runtime.caller import Runtime
from poplin.runtime.liveness import locate

NETWORK = "pop"
SUBNETS = ("10.77.0.0/16", "fd77::/64")
APPLETS = ("hostname", "ip", "nc", "ping", "sleep")
SERVER = ("/bin/nc", "-ll", "-p", "80", "-e", "/bin/hostname")  # answers with its container's id
SHOWN = 12  # letters of an id in a host name
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

numbers = itertools.count(1)


@dataclass(frozen=True)
class State:
    """All that attachments leave on a host."""

    links: list[str]
    leases: list[str]
    elements: dict[str, list[str]]
    rules: list[str]  # of iptables
    records: list[str]


class Podman:
    """podman, its folders and its one network."""

    def __init__(self, host: Host, plugins: Path, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.networks = folder / "net.d"
        self.root = folder / "root"
        self.cgroup = f"poplin-engines-{os.getpid()}-{next(numbers)}"
        self.environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "CONTAINERS_CONF": str(folder / "containers.conf")}
        self.networks.mkdir(parents=True)
        self.use(plugins)
        make_root(self.root)

    def use(self, plugins: Path) -> None:
        """Take the plugins from another folder from now on."""
        self.plugins = plugins
        places = {"plugins": plugins, "networks": self.networks, "network": NETWORK}
        (self.folder / "containers.conf").write_text(SETTINGS.format(**places))

    def configure(self, version: str, *more: Mapping[str, object]) -> None:
        """The network: a masquerading bridge, published ports, more plugins."""
        ranges = [[{"subnet": subnet}] for subnet in SUBNETS]
        routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
        bridge = {"type": "bridge", "bridge": "cni7", "isGateway": True, "hairpinMode": True, "ipMasq": True}
        ipam = {"type": "host-local", "ranges": ranges, "routes": routes}
        portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
        chain = [{**bridge, "ipam": ipam}, portmap, *more]
        text = json.dumps({"cniVersion": version, "name": NETWORK, "plugins": chain})
        (self.networks / "10-pop.conflist").write_text(text)

    def start(self, *options: str) -> str:
        """The id of a new container, which serves TCP on port 80."""
        where = ["--network", NETWORK, f"--cgroup-parent=/{self.cgroup}"]
        return self("run", "-d", *where, *options, "--rootfs", str(self.root), *SERVER).strip()

    def __call__(self, *arguments: str) -> str:
        """stdout of podman, which must succeed and complain of nothing."""
        done = self.attempt(*arguments)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def attempt(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """podman, however it ends."""
        return self.run("podman", "--storage-driver=vfs", *arguments)

    def poplin(self, *arguments: str) -> str:
        """stdout of the command line on this host, which must succeed."""
        done = self.run(sys.executable, "-m", "poplin.cli.main", *arguments)
        assert done.returncode == 0, done
        return done.stdout

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command on this host, in an environment that says where plugins and networks are, but not the records."""
        places = {"CNI_PATH": str(self.plugins), "NETCONFPATH": str(self.networks)}
        inside = ["nsenter", f"--net={self.host.path}", *command]
        how: dict[str, Any] = {"cwd": CHECKOUT, "env": self.environ | places, "timeout": PATIENCE, "check": False}
        return subprocess.run(inside, capture_output=True, text=True, **how)

    def runtime(self) -> Runtime:
        """Ours, with the same plugins; to be used with `host.entered()`."""
        return Runtime((str(self.plugins),), Cache(), self.environ)

    def entry(self, container_id: str) -> Entry:
        """What is on record of a container."""
        entry = Cache().find_entry(NETWORK, container_id, "eth0")
        assert entry is not None
        return locate(entry)

    def record(self, container_id: str) -> Path:
        """The file that is in."""
        return Path(Cache().path(NETWORK, container_id, "eth0"))

    def address(self, container_id: str, number: int = 0) -> str:
        """One of a container's addresses by the record."""
        ips: Any = self.entry(container_id).result["ips"]
        return str(ips[number]["address"]).partition("/")[0]

    def state(self) -> State:
        """Everything that could be left."""
        saved = [self.host.sh(f"{tool}-{kind}-save -t nat") for tool in ("iptables", "ip6tables") for kind in KINDS]
        rules = [line.partition(" [")[0] for line in "\n".join(saved).splitlines() if "CNI" in line]
        leases = lease_files(Path("/var/lib/cni/networks"), NETWORK)
        records = sorted(os.listdir("/var/lib/cni/results"))
        return State(self.host.links(), leases, elements(self.host), sorted(rules), records)

    def remove(self) -> None:
        """Remove all containers, and the control groups they were in."""
        self.attempt("rm", "-f", "-a", "-t0")
        for top in (*glob.glob(f"/sys/fs/cgroup/{self.cgroup}"), *glob.glob(f"/sys/fs/cgroup/*/{self.cgroup}")):
            for folder, _, _ in os.walk(top, topdown=False):
                remove_group(Path(folder))


def remove_group(folder: Path) -> None:
    """Once the monitor of the last container in this control group has ended, which it does in its own time."""
    deadline = time.monotonic() + PATIENCE
    while (folder / "cgroup.procs").read_text():
        assert time.monotonic() < deadline, f"{folder} still has processes"
        time.sleep(0.01)
    folder.rmdir()


def make_root(folder: Path) -> None:
    """A root file system of busybox alone."""
    for name in ("bin", "dev", "etc", "proc", "run", "sys", "tmp"):
        (folder / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", folder / "bin/busybox")
    for applet in APPLETS:
        (folder / "bin" / applet).symlink_to("busybox")
