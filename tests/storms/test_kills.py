"""ADD and DEL killed at every system call that changes something, one by one; then DEL, then GC: nothing stays.

strace delivers SIGKILL when the plugin enters the Nth call of a kind. N counts up until the plugin gets through. The
code is what `poplin install` writes, so that the interpreter's own work does not drown the plugin's.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE, Container, Host, lease_files

from poplin.cli.main import main as poplin

SYSCALLS = ("sendto", "sendmsg", "openat", "write", "rename", "unlink", "mkdir", "utimensat", "setns")
KILLED = 137
MOST = 400  # calls of one kind; more would be a defect


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the plugins, as `poplin install` writes them."""
    folder = tmp_path_factory.mktemp("installed")
    assert poplin(["install", "--bin-dir", str(folder / "bin"), "--lib-dir", str(folder / "lib")]) == 0
    return folder / "bin"


PLUGINS: dict[str, dict[str, object]] = {
    "bridge": {"bridge": "br0", "isGateway": True},
    "ptp": {"ipMasq": True},
}


@pytest.fixture(params=PLUGINS)
def conf(request: pytest.FixtureRequest, leases: Path) -> dict[str, Any]:
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8::/64"}]]
    ipam = {"type": "host-local", "dataDir": str(leases), "ranges": ranges, "routes": [{"dst": "0.0.0.0/0"}]}
    return {"cniVersion": "1.1.0", "name": "mynet", "type": request.param, **PLUGINS[request.param], "ipam": ipam}


def run_until_killed(
    host: Host, installed: Path, container: Container, conf: dict[str, Any], command: str, syscall: str, number: int
) -> int:
    """The exit status of a verb that is killed when it enters its `number`th call of this kind."""
    environ = {
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": container.id,
        "CNI_NETNS": container.path,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(installed),
    }
    inject = f"--inject={syscall}:signal=KILL:when={number}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", f"--trace={syscall}", inject, str(installed / conf["type"])]
    done = subprocess.run(
        ["nsenter", f"--net={host.path}", *strace],
        env=environ,
        input=json.dumps(conf),
        text=True,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    return KILLED if done.returncode == -9 else done.returncode


def assert_nothing_is_left(host: Host, container: Container, leases: Path) -> None:
    """No link but the bridge, no hidden address, no lease, no half-written or temporary file."""
    assert (container.links(), [name for name in host.links() if name != "br0"]) == ([], [])
    assert (hidden_addresses(host), lease_files(leases)) == (0, [])
    kept = {"lock", "seal", "last_reserved_ip.0", "last_reserved_ip.1"}
    assert [str(file) for file in leases.rglob("*") if file.is_file() and file.name not in kept] == []


def hidden_addresses(host: Host) -> int:
    """How many addresses are masqueraded."""
    if "table inet poplin" not in host.sh("nft list tables"):
        return 0
    return sum(host.sh(f"nft list set inet poplin masq{version}").count(" mynet/") for version in (4, 6))


@pytest.mark.parametrize("command", ["ADD", "DEL"])
@pytest.mark.parametrize("syscall", SYSCALLS)
def test_a_kill_anywhere_leaves_nothing_after_del_and_gc(
    host: Host, container: Container, installed: Path, conf: dict[str, Any], leases: Path, command: str, syscall: str
) -> None:
    kills = 0
    for number in range(1, MOST):
        if command == "DEL":
            host.cni("ADD", conf, container, bin_dir=installed)
        status = run_until_killed(host, installed, container, conf, command, syscall, number)
        if status != KILLED:
            assert status == 0
            break
        kills += 1
        # DEL alone must do: after it only what no attachment owns may be left, and GC takes that
        host.cni("DEL", conf, container, bin_dir=installed)
        assert (container.links(), hidden_addresses(host), lease_files(leases)) == ([], 0, [])
        host.cni("GC", conf, bin_dir=installed)
        assert_nothing_is_left(host, container, leases)
    assert kills == number - 1 < MOST - 1
    if syscall in ("sendto", "openat"):
        assert kills > 1
    host.cni("DEL", conf, container, bin_dir=installed)
    assert_nothing_is_left(host, container, leases)


def test_a_kill_does_not_keep_the_next_add_from_working(
    host: Host, container: Container, installed: Path, conf: dict[str, Any]
) -> None:
    assert run_until_killed(host, installed, container, conf, "ADD", "sendto", 9) == KILLED
    host.cni("DEL", conf, container, bin_dir=installed)
    host.cni("ADD", conf, container, bin_dir=installed)
    assert container.pings("10.1.2.1")
