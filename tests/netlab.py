"""A laboratory of network namespaces for tests: hosts with containers, and the real executables called in them.

Everything lives in a mount namespace of the test process' own, with private folders in place of PRIVATE: the machine's
are neither seen nor touched, and nothing is left when the process ends, however it ends.
"""

from __future__ import annotations

import atexit
import ctypes
import fcntl
import itertools
import json
import os
import shlex
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from poplin.cli.build import write_plugins
from poplin.linux.netns import Namespace, setns
from poplin.spec.versions import FAMILIES, KNOWN

CHECKOUT = Path(__file__).resolve().parents[1]
REFERENCE = Path("/usr/lib/cni")  # Debian's containernetworking-plugins
INTERPRETER = os.path.realpath("/usr/bin/python3")
PRIVATE = ("/run/netns", "/run/cni", "/run/containers", "/run/user", "/var/lib/cni", "/etc/cni")
RUNNING = "/run"  # locked by every process that runs tests
CLONE_NEWNS = 0x20000
MNT_DETACH = 2
OWN_MODE = b"mode=755"  # as folders of the system: others may look
MS_REC_PRIVATE = 0x4000 | 1 << 18
PATIENCE = 120  # seconds for any command: a guard against hanging, which no busy machine reaches

numbers = itertools.count(1)

all_versions = pytest.mark.parametrize("version", KNOWN)
check_versions = pytest.mark.parametrize("version", [v for v in KNOWN if v >= "0.4.0"])


@dataclass
class Reply:
    """What an executable answered."""

    status: int
    output: str
    errors: str

    @property
    def object(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        value = json.loads(self.output)
        assert isinstance(value, dict)
        return value

    @property
    def code(self) -> int:
        """The error code of a failed call."""
        assert self.status == 1, self
        code = self.object["code"]
        assert isinstance(code, int)
        return code


class Container:
    """A namespace that stands for a container."""

    def __init__(self, name: str) -> None:
        self.id = name
        self.path = f"/run/netns/{name}"
        run(["ip", "netns", "add", name])

    def sh(self, command: str) -> str:
        """stdout of a command run inside, which must succeed."""
        return run(["nsenter", f"--net={self.path}", *shlex.split(command)])

    def json(self, command: str) -> list[dict[str, Any]]:
        """The list that `ip -j COMMAND` prints inside."""
        return json.loads(self.sh(f"ip -j {command}") or "[]")  # type: ignore[no-any-return]

    def addresses(self, link: str, scope: str = "global") -> list[str]:
        """The addresses of a link with their prefix lengths, in the kernel's order."""
        infos = self.json(f"address show dev {link}")[0]["addr_info"]
        return [f"{info['local']}/{info['prefixlen']}" for info in infos if info["scope"] == scope]

    def routes(self, family: int = 4) -> list[str]:
        """`dst via gateway` of each route that somebody made."""
        entries = self.json(f"-{family} route show")
        return [f"{e['dst']} via {e.get('gateway')}" for e in entries if e.get("protocol") != "kernel"]

    def links(self) -> list[str]:
        """The names of all links but lo, sorted."""
        return sorted(link["ifname"] for link in self.json("link show") if link["ifname"] != "lo")

    def has_link(self, name: str) -> bool:
        """Whether there is a link of this name."""
        return name in self.links()

    def wait_until_gone(self, link: str) -> None:
        """Until the kernel has cleaned up after a namespace that the link's other end was in."""
        deadline = time.monotonic() + PATIENCE
        while self.has_link(link):
            assert time.monotonic() < deadline, f"{link} is still there"

    def mac(self, link: str) -> str:
        """The MAC of a link."""
        return str(self.json(f"link show dev {link}")[0]["address"])

    def sysctl(self, key: str) -> str:
        """The value of a switch."""
        return self.sh(f"cat /proc/sys/{key}").strip()

    def set_sysctl(self, key: str, value: str) -> None:
        """Set a switch."""
        self.sh(f"sh -c 'echo {value} > /proc/sys/{key}'")

    def pings(self, address: str) -> bool:
        """Whether an echo request is answered, within a time that no busy machine needs."""
        return self._pings("-i0.2", "-w20", address)

    def is_cut_off(self, address: str) -> bool:
        """Whether one echo request is not answered, as should be: for two seconds."""
        return not self._pings("-W2", address)

    def _pings(self, *arguments: str) -> bool:
        command = ["nsenter", f"--net={self.path}", "ping", "-n", "-c1", *arguments]
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 0

    def remove(self) -> None:
        """Delete the namespace; repeatable."""
        subprocess.run(["ip", "netns", "del", self.id], capture_output=True, timeout=PATIENCE, check=False)


class Host(Container):
    """A namespace that stands for a host: plugins are run in it."""

    def __init__(self, name: str, bin_dir: Path) -> None:
        super().__init__(name)
        self.bin_dir = bin_dir
        self.containers: list[Container] = []
        self.sh("ip link set lo up")

    def add_container(self) -> Container:
        """A new container on this host."""
        self.containers.append(Container(f"c{next(numbers)}"))
        return self.containers[-1]

    def start(
        self,
        command: str,
        conf: Mapping[str, object],
        container: Container | None = None,
        *,
        plugin: str = "",
        bin_dir: Path | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[str]:
        """The plugin of `conf`, or `plugin`, started as a runtime starts it; its stdin is fed by `finish`."""
        folder = bin_dir or self.bin_dir
        variables = {"CNI_COMMAND": command, "CNI_PATH": f"{folder}:{self.bin_dir}", "CNI_IFNAME": "eth0"}
        if container:
            variables |= {"CNI_CONTAINERID": container.id, "CNI_NETNS": container.path}
        variables |= environ or {}
        executable = str(folder / (plugin or str(conf["type"])))
        pipe = subprocess.PIPE
        return subprocess.Popen(
            ["nsenter", f"--net={self.path}", executable],
            env=variables,
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )

    def call(self, command: str, conf: Mapping[str, object], container: Container | None = None, **how: Any) -> Reply:
        """The answer of a plugin, run as a runtime runs it; `how` as in `start`."""
        return finish(self.start(command, conf, container, **how), conf)

    def cni(
        self, command: str, conf: Mapping[str, object], container: Container | None = None, **how: Any
    ) -> dict[str, Any]:
        """The result of a call that must succeed; {} for verbs that print none."""
        reply = self.call(command, conf, container, **how)
        assert reply.status == 0, f"{command} failed: {reply.output} {reply.errors}"
        return reply.object if reply.output else {}

    @contextmanager
    def entered(self) -> Iterator[None]:
        """With this thread inside, and what it starts."""
        with Namespace() as own, Namespace(self.path) as here:
            setns(here.fd)
            try:
                yield
            finally:
                setns(own.fd)

    def remove(self) -> None:
        for container in self.containers:
            container.remove()
        super().remove()


def finish(process: subprocess.Popen[str], conf: Mapping[str, object]) -> Reply:
    """Feed a started plugin and wait for its answer."""
    with process:
        try:
            output, errors = process.communicate(json.dumps(conf), timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    return Reply(process.returncode, output, errors)


def run(command: list[str]) -> str:
    """stdout of a command that must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{shlex.join(command)}: {done.stderr or done.stdout}"
    return done.stdout


def with_prev_result(conf: Mapping[str, object], result: Mapping[str, object]) -> dict[str, object]:
    """The configuration as a runtime sends it to CHECK and DEL."""
    return {**conf, "prevResult": result}


def result_ips(result: Mapping[str, Any]) -> list[str]:
    """The addresses of a result of whatever version."""
    if FAMILIES[result["cniVersion"]] == "A":
        return [result[key]["ip"] for key in ("ip4", "ip6") if key in result]
    return [ip["address"] for ip in result.get("ips", [])]


def enter_private_mounts(folders: tuple[str, ...]) -> None:
    """Move this process into a mount namespace with an empty tmpfs over each of `folders`."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert os.geteuid() == 0, "this makes network namespaces: run it as root"
    assert libc.unshare(CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    assert libc.mount(b"none", b"/", None, MS_REC_PRIVATE, None) == 0, os.strerror(ctypes.get_errno())
    ensure_mount_points(folders)
    for folder in folders:
        assert libc.mount(b"tmpfs", folder.encode(), b"tmpfs", 0, OWN_MODE) == 0, os.strerror(ctypes.get_errno())


def ensure_mount_points(folders: tuple[str, ...]) -> None:
    """What is missing is made, and removed when the process ends if no other one runs tests."""
    running = os.open(RUNNING, os.O_RDONLY)
    fcntl.flock(running, fcntl.LOCK_SH)
    for folder in folders:
        if not os.path.isdir(folder):
            os.makedirs(folder)
            atexit.register(remove_mount_point, folder, running)


def remove_mount_point(folder: str, running: int) -> None:
    """Take our file system off a folder that was made for it, and the folder away, unless that took another's along."""
    ctypes.CDLL(None).umount2(folder.encode(), MNT_DETACH)
    with suppress(BlockingIOError):
        fcntl.flock(running, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.rmdir(folder)


def pytest_configure(config: pytest.Config) -> None:
    """Where several processes run the tests who starts them makes the mount points: a process that removed one when it
    ended would take the mounts of the others along."""
    if getattr(config.option, "numprocesses", None) and os.geteuid() == 0:
        ensure_mount_points(PRIVATE)


# Fixtures.


@pytest.fixture(scope="session")
def laboratory() -> None:
    """Private mounts for this process and all it starts."""
    enter_private_mounts(PRIVATE)


@pytest.fixture(scope="session")
def bin_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The executables of all plugins, running this checkout."""
    folder = tmp_path_factory.mktemp("bin")
    write_plugins(str(folder), INTERPRETER)
    return folder


@pytest.fixture
def host(laboratory: None, bin_dir: Path) -> Iterator[Host]:
    """A fresh host; it and its containers go when the test ends."""
    made = Host(f"h{next(numbers)}", bin_dir)
    yield made
    made.remove()


@pytest.fixture
def container(host: Host) -> Container:
    """A fresh container on `host`."""
    return host.add_container()


@pytest.fixture
def leases(tmp_path: Path) -> Path:
    """Where host-local keeps its files in this test."""
    return tmp_path / "networks"


def lease_files(leases: Path, network: str = "mynet") -> list[str]:
    """The leased addresses, sorted."""
    folder = leases / network
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return sorted(name for name in names if name != "lock" and not name.startswith("last_reserved_ip."))
