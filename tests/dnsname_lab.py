"""A bridge whose containers have names, and lookups from inside them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from netlab import CHECKOUT, PATIENCE, Container, Host, Reply

BRIDGE = "names0"
DOMAIN = "dns.podman"
THEIRS = CHECKOUT / ".venv/share/dnsname/usr/lib/cni"  # the reference's plugin, as scripts/dnsname unpacks it
ADDRESSES = ("10.88.0.{}/24", "fd88::{:x}/64")


class Names:
    """A host with a bridge at .1, whose dnsname keeps its files in `runtime`, and its containers by number."""

    def __init__(self, host: Host, runtime: Path) -> None:
        self.host = host
        self.runtime = runtime
        self.names: dict[str, str] = {}
        self.numbers: dict[str, int] = {}
        host.sh(f"ip link add {BRIDGE} type bridge")
        host.sh(f"sysctl -qw net.ipv6.conf.{BRIDGE}.accept_dad=0")
        for address in ADDRESSES:
            host.sh(f"ip address add {address.format(1)} dev {BRIDGE}")
        host.sh(f"ip link set {BRIDGE} up")

    # Containers.

    def add_container(self, name: str) -> Container:
        """One that is on the bridge, as a plugin before this one leaves it; what its runtime calls it."""
        made = self.host.add_container()
        number = len(self.numbers) + 2
        self.names[made.id], self.numbers[made.id] = name, number
        self.host.sh(f"ip link add v{number} master {BRIDGE} type veth peer name eth0 netns {made.id}")
        self.host.sh(f"ip link set v{number} up")
        made.sh("ip link set eth0 up")
        for address in self.prefixes(made):
            made.sh(f"ip address add {address} dev eth0{' nodad' if ':' in address else ''}")
        return made

    def find(self, name: str) -> Container | None:
        """The first that its runtime calls so."""
        return next((each for each in self.host.containers if self.names[each.id] == name), None)

    def get(self, name: str) -> Container:
        """The same, which must be there."""
        return next(each for each in self.host.containers if self.names[each.id] == name)

    def prefixes(self, container: Container) -> list[str]:
        """Its addresses."""
        return [each.format(self.numbers[container.id]) for each in ADDRESSES]

    def addresses(self, *containers: Container) -> list[str]:
        """Of all these, without lengths, those of IPv4 first, as a lookup has them."""
        all_of_them = [each.partition("/")[0] for one in containers for each in self.prefixes(one)]
        return sorted(all_of_them, key=lambda each: (":" in each, each))

    # The plugin.

    def call_elsewhere(self, host: Container, container: Container, *, fds: tuple[int, ...] = (), **more: str) -> None:
        """ADD on another host, from a process that has these descriptors and variables."""
        environ = {"CNI_COMMAND": "ADD", "CNI_CONTAINERID": container.id, "CNI_NETNS": container.path}
        environ |= {"CNI_IFNAME": "eth0", "CNI_PATH": str(self.host.bin_dir), **self.environ(container), **more}
        line = ["nsenter", f"--net={host.path}", str(self.host.bin_dir / "dnsname")]
        conf = json.dumps(self.conf(container))
        done = subprocess.run(
            line, env=environ, input=conf, text=True, capture_output=True, timeout=PATIENCE, pass_fds=fds, check=False
        )
        assert (done.returncode, done.stderr) == (0, ""), done.stdout

    def conf(self, container: Container | None, version: str = "1.1.0", **fields: Any) -> dict[str, Any]:
        """The network, and what the bridge plugin answered for this container."""
        conf = {"cniVersion": version, "name": "mynet", "type": "dnsname", "domainName": DOMAIN}
        if container:
            conf["prevResult"] = self.result(container, version)
        aliases = fields.pop("aliases", None)
        if aliases is not None:
            conf["runtimeConfig"] = {"aliases": {"mynet": aliases}}
        return {key: value for key, value in {**conf, **fields}.items() if value is not None}

    def result(self, container: Container, version: str = "1.1.0") -> dict[str, Any]:
        """The same alone; before 0.3.0 results have no interfaces."""
        if version < "0.3.0":
            both = zip(("ip4", "ip6"), self.prefixes(container), strict=True)
            return {"cniVersion": version, **{key: {"ip": each} for key, each in both}, "dns": {}}
        family = {} if version >= "1.0.0" else {"version": "4"}
        ips = [{**family, "interface": 1, "address": each} for each in self.prefixes(container)]
        if family:
            ips[1]["version"] = "6"
        interfaces = [{"name": BRIDGE}, {"name": "eth0", "sandbox": container.path}]
        return {"cniVersion": version, "interfaces": interfaces, "ips": ips, "dns": {}}

    def environ(self, container: Container | None) -> dict[str, str]:
        """What a runtime adds to the environment."""
        name = self.names.get(container.id, "") if container else ""
        arguments = {"CNI_ARGS": f"IgnoreUnknown=1;K8S_POD_NAME={name}"} if name else {}
        return {"XDG_RUNTIME_DIR": str(self.runtime), "PATH": "/usr/sbin:/usr/bin", **arguments}

    def call(self, command: str, container: Container | None, **fields: Any) -> Reply:
        """One verb; `environ` are variables more, `bin_dir` is whose plugin."""
        how = {"bin_dir": fields.pop("bin_dir", None)}
        environ = self.environ(container) | fields.pop("environ", {})
        return self.host.call(command, self.conf(container, **fields), container, environ=environ, **how)

    def do(self, command: str, container: Container | None, **fields: Any) -> dict[str, Any]:
        """One verb that must succeed and say nothing on stderr; its result."""
        reply = self.call(command, container, **fields)
        assert (reply.status, reply.errors) == (0, ""), reply
        return reply.object if reply.output else {}

    def reference(self, command: str, container: Container, **fields: Any) -> dict[str, Any]:
        """The same by the reference's plugin."""
        return self.do(command, container, version="1.0.0", bin_dir=THEIRS, **fields)

    def refuse(self, command: str, container: Container | None, **fields: Any) -> tuple[int, str, str]:
        """Code, message and details of one that must fail."""
        error = self.call(command, container, **fields).object
        return error["code"], error["msg"], error.get("details", "")

    # What is there.

    @property
    def folder(self) -> Path:
        """The network's files."""
        return self.runtime / "containers/cni/dnsname/mynet"

    def lines(self) -> list[str]:
        """The hosts file, with a blank for a tab."""
        path = self.folder / "addnhosts"
        return path.read_text().replace("\t", " ").splitlines() if path.exists() else []

    def files(self) -> list[str]:
        """Below the folder of all networks."""
        top = self.folder.parent
        return sorted(str(each.relative_to(top)) for each in top.rglob("*")) if top.is_dir() else []

    def servers(self, network: str = "") -> list[int]:
        """The numbers of all dnsmasq with files in here, those of no network too."""
        start = f"--conf-file={self.runtime}/containers/cni/dnsname/{network}".encode()
        return sorted(int(each.name) for each in Path("/proc").glob("[0-9]*") if runs(each, start))

    def all_servers(self) -> list[int]:
        """The numbers of all dnsmasq on this host, wherever their files are."""
        return sorted(int(each.name) for each in Path("/proc").glob("[0-9]*") if runs(each, b"") and self._has(each))

    def _has(self, process: Path) -> bool:
        try:
            return os.stat(process / "ns/net").st_ino == os.stat(self.host.path).st_ino
        except OSError:  # it has just ended, or is another user namespace's
            return False

    def pid(self) -> int:
        """The number that is written down."""
        return int((self.folder / "pidfile").read_text())

    def kill_server(self) -> None:
        """As an accident would, and wait for the end."""
        pid = self.pid()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: pid not in self.servers(), "dnsmasq is gone")

    def is_clean(self) -> bool:
        """Whether nothing is left."""
        return (self.files(), self.servers()) == ([], [])


def runs(process: Path, argument: bytes) -> bool:
    """Whether a process is a dnsmasq whose configuration begins so."""
    try:
        words = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return words[0].endswith(b"dnsmasq") and any(each.startswith(argument) for each in words)


def lookup(container: Container, name: str, server: str = "10.88.0.1") -> list[str]:
    """The addresses that a container finds, IPv4 first; what it is told if there are none."""
    found: list[str] = []
    told = ""
    for kind in ("a", "aaaa"):
        command = ["nsenter", f"--net={container.path}", "busybox", "nslookup", f"-type={kind}", name, server]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
        answers = done.stdout.partition("\n\n")[2]
        found += sorted(line.split()[-1] for line in answers.splitlines() if line.startswith("Address"))
        told = told or next((line.rpartition(" ")[2] for line in answers.splitlines() if "can't find" in line), "")
    return found or [told]


def wait_until(is_so: Callable[[], bool], what: str) -> None:
    """Raises AssertionError after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, f"not within {PATIENCE} s: {what}"
        time.sleep(0.01)


@pytest.fixture
def names(host: Host, tmp_path: Path) -> Iterator[Names]:
    """The network, without containers yet; no dnsmasq is left of it."""
    made = Names(host, tmp_path / "run")
    made.runtime.mkdir()
    yield made
    for pid in {*made.servers(), *made.all_servers()}:
        os.kill(pid, signal.SIGKILL)
