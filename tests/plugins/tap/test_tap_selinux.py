"""tap: the label of SELinux that a tap is made with, seen by strace.

The kernel here has no SELinux. A file system that says it has is made up, and strace answers the plugin in the kernel's
place when it writes its label.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE, Container, Host

Network = Callable[..., dict[str, Any]]
LABEL = "system_u:system_r:container_t:s0"
CALLS = "openat,write,ioctl"
# To the first write of each process: of the one that takes the label that is the label, of the other it is a switch of
# the new link's, which may fail.
WRITTEN = f"--inject=write:retval={len(LABEL)}:when=1"


@pytest.fixture
def enforcing(laboratory: None) -> Iterator[None]:
    """/sys/fs/selinux is there."""
    subprocess.run(["mount", "-t", "tmpfs", "none", "/sys/fs"], check=True, timeout=PATIENCE)
    (Path("/sys/fs/selinux")).mkdir()
    (Path("/sys/fs/selinux/enforce")).write_text("1")
    yield
    subprocess.run(["umount", "/sys/fs"], check=True, timeout=PATIENCE)


def trace(host: Host, container: Container, conf: dict[str, Any], log: Path, *answer: str) -> dict[str, Any]:
    """What the plugin prints; the log has what it does. `answer` is what it gets for its label."""
    environ = {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": container.id,
        "CNI_NETNS": container.path,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(host.bin_dir),
    }
    strace = ["strace", "-f", "-qq", "-o", str(log), f"--trace={CALLS}", *answer]
    command = ["nsenter", f"--net={host.path}", *strace, str(host.bin_dir / "tap")]
    done = subprocess.run(
        command, env=environ, input=json.dumps(conf), capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    reply: dict[str, Any] = json.loads(done.stdout)
    return reply


def steps(log: Path) -> list[tuple[str, str]]:
    """Who does what: the number of the process, the call and what is known by name in it."""
    told = []
    for line in log.read_text().splitlines():
        process, _, call = line.partition(" ")
        for name in ("attr/current", LABEL, "/dev/net/tun", "TUNSETIFF", "TUNSETPERSIST"):
            if name in call:
                told.append((process, f"{call.strip().partition('(')[0]} {name}"))
                break
    return told


@pytest.mark.parametrize("fields", [{}, {"owner": 0, "group": 0}], ids=["without", "with owner and group"])
def test_the_label_is_written_before_the_tap_is_made(
    host: Host, container: Container, network: Network, tmp_path: Path, enforcing: None, fields: dict[str, Any]
) -> None:
    reply = trace(host, container, network(selinuxContext=LABEL, **fields), tmp_path / "log", WRITTEN)
    assert reply["interfaces"][0]["name"] == "eth0"
    seen = steps(tmp_path / "log")
    assert [step for _, step in seen] == [
        "openat attr/current",
        f"write {LABEL}",
        "openat /dev/net/tun",
        "ioctl TUNSETIFF",
        "ioctl TUNSETPERSIST",
    ]
    assert len({process for process, _ in seen}) == 1
    assert container.links() == ["eth0"]


def test_a_label_that_is_refused_makes_no_tap(
    host: Host, container: Container, network: Network, tmp_path: Path, enforcing: None
) -> None:
    reply = trace(host, container, network(selinuxContext=LABEL), tmp_path / "log")
    assert (reply["code"], reply["msg"]) == (7, f"`selinuxContext` '{LABEL}' is refused")
    assert reply["details"] == "Invalid argument"
    assert [step for _, step in steps(tmp_path / "log")] == ["openat attr/current", f"write {LABEL}"]
    assert container.links() == []


def test_without_selinux_a_label_means_nothing(
    host: Host, container: Container, network: Network, tmp_path: Path
) -> None:
    reply = trace(host, container, network(selinuxContext=LABEL), tmp_path / "log")
    assert reply["interfaces"][0]["name"] == "eth0"
    assert [step for _, step in steps(tmp_path / "log")] == [
        "openat /dev/net/tun",
        "ioctl TUNSETIFF",
        "ioctl TUNSETPERSIST",
    ]
