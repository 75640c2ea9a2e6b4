"""`poplin add` and `poplin del` killed at every system call that changes something; then `poplin del`, `poplin gc`.

What DEL leaves at most is a temporary file, for GC. Only the runtime is killed: a plugin that it has started and not
yet fed finds an empty configuration and gives up.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from netlab import CHECKOUT, PATIENCE, Container
from node import Node

from poplin.linux.atomicfile import is_temporary

CHANGES = {
    "openat": re.compile("O_CREAT"),
    **dict.fromkeys(("write", "mkdir", "rename", "unlink"), re.compile("")),
}
KILLED = -9


def trace(node: Node, *line: str) -> subprocess.CompletedProcess[str]:
    """This under strace, on the host: options, then the arguments of poplin."""
    at = line.index("--")
    command = ["strace", "-qq", *line[:at], sys.executable, "-B", "-m", "poplin.cli.main", *line[at + 1 :]]
    return subprocess.run(
        ["nsenter", f"--net={node.host.path}", *command],
        env=node.environ,
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def list_moments(log: Path) -> list[tuple[str, int]]:
    """The calls that change something: each with its number among those of its kind."""
    counts = dict.fromkeys(CHANGES, 0)
    moments = []
    for line in log.read_text().splitlines():
        call = line.partition("(")[0]
        if call in counts:
            counts[call] += 1
            if CHANGES[call].search(line):
                moments.append((call, counts[call]))
    return moments


def left(node: Node, container: Container) -> list[str]:
    """Links, leases, records and temporary files."""
    return [
        *container.links(),
        *(name for name in node.host.links() if name != "cni0"),
        *(path.name for path in node.leases.glob("mynet/10.*")),
        *(path.name for path in node.results.glob("*")),
    ]


@pytest.mark.parametrize("command", ["add", "del"])
def test_a_killed_runtime_leaves_nothing_after_del_and_gc(
    node: Node, container: Container, tmp_path: Path, command: str
) -> None:
    attachment = ("mynet", container.path)
    log = tmp_path / "log"
    for each in ("add", "del", "add")[: 2 if command == "add" else 3]:  # compiles all that is run, too
        assert node.run(each, *attachment)[0] == 0
    assert trace(node, "-o", str(log), f"--trace={','.join(CHANGES)}", "--", command, *attachment).returncode == 0
    moments = list_moments(log)
    assert {call for call, _ in moments} >= {"add": {"openat", "write", "rename"}, "del": {"write", "unlink"}}[command]
    for call, number in moments:
        assert node.run("del", *attachment)[0] == 0
        if command == "del":
            assert node.run("add", *attachment)[0] == 0
        inject = f"--inject={call}:signal=KILL:when={number}"
        killed = trace(node, "-o", "/dev/null", f"--trace={call}", inject, "--", command, *attachment)
        assert killed.returncode == KILLED, (call, number, killed)
        assert node.run("del", *attachment)[0] == 0
        assert [name for name in left(node, container) if not is_temporary(name)] == [], (call, number)
        assert node.run("gc", "mynet")[0] == 0
        assert left(node, container) == [], (call, number)
