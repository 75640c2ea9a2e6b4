"""What all engines of these tests have in common: a host, plugins, folders and a control group of their own."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dhcp_lab import wait_until
from engines.groups import remove_groups
from engines.inside import Inside, wait_until_serving
from engines.leftovers import State, differences, read_state
from engines.rootfs import make_root
from netlab import CHECKOUT, PATIENCE, Host

from poplin.runtime.cache import Cache, Entry
from poplin.runtime.caller import Runtime
from poplin.runtime.liveness import locate

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

numbers = itertools.count(1)


class Engine:
    """An engine on a host of the laboratory."""

    def __init__(self, host: Host, plugins: Path, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.networks = folder / "net.d"
        self.networks.mkdir(parents=True)
        self.root = make_root(folder / "root")
        self.cgroup = f"poplin-engines-{os.getpid()}-{next(numbers)}"
        self.environ = {"PATH": PATH}
        self.use(plugins)

    def use(self, plugins: Path) -> None:
        """Take the plugins from another folder from now on."""
        self.plugins = plugins

    def run(self, *command: str, **how: Any) -> subprocess.CompletedProcess[str]:
        """A command on this host, in an environment that says where plugins and networks are, but not the records."""
        places = {"CNI_PATH": str(self.plugins), "NETCONFPATH": str(self.networks)}
        inside = ["nsenter", f"--net={self.host.path}", *command]
        how = {"cwd": CHECKOUT, "env": self.environ | places, "timeout": PATIENCE, "check": False, **how}
        return subprocess.run(inside, capture_output=True, text=True, **how)

    @contextmanager
    def attached(self, *command: str) -> Iterator[Inside]:
        """With a command whose container serves port 80, and ends by itself, which the block must bring about: the
        namespace of the container."""
        known = list_attached()
        inside = ["nsenter", f"--net={self.host.path}", *command]
        with subprocess.Popen(inside, env=self.environ, stdin=subprocess.DEVNULL) as process:
            try:
                wait_until(lambda: len(list_attached()) > len(known), f"{command[0]} attaches a container")
                (new,) = [each for each in list_attached() if each not in known]
                container = Inside(*new)
                wait_until_serving(container)
                yield container
                assert process.wait(PATIENCE) == 0
            finally:
                process.kill()

    def poplin(self, *arguments: str) -> str:
        """stdout of the command line on this host, which must succeed."""
        done = self.run(sys.executable, "-m", "poplin.cli.main", *arguments)
        assert done.returncode == 0, done
        return done.stdout

    def runtime(self) -> Runtime:
        """Ours, with the same plugins; to be used with `host.entered()`."""
        return Runtime((str(self.plugins),), Cache(), self.environ)

    def find_entry(self, network: str, container_id: str, ifname: str = "eth0") -> Entry | None:
        """What is on record of a container, None if nothing is."""
        entry = Cache().find_entry(network, container_id, ifname)
        return None if entry is None else locate(entry)

    def get_entry(self, network: str, container_id: str, ifname: str = "eth0") -> Entry:
        """What is on record of a container."""
        entry = self.find_entry(network, container_id, ifname)
        assert entry is not None
        return entry

    def get_addresses(self, network: str, container_id: str, ifname: str = "eth0") -> list[str]:
        """A container's addresses by the record."""
        ips: Any = self.get_entry(network, container_id, ifname).result["ips"]
        return [str(each["address"]).partition("/")[0] for each in ips]

    def state(self) -> State:
        """Everything that could be left."""
        return read_state(self.host)

    def changes(self, before: State, but: Collection[str] = ()) -> dict[str, object]:
        """What is not as it was, `but` apart, by field of the record: before, and now."""
        return differences(before, self.state(), but)

    def remove(self) -> None:
        """Remove what the engine keeps of itself."""
        remove_groups(self.cgroup)


def list_attached() -> list[tuple[str, str]]:
    """The containers on record, each with the path of its namespace."""
    attachments = [locate(entry).attachment for entry in Cache().list_entries()]
    return [(each.container_id, each.netns) for each in attachments]
