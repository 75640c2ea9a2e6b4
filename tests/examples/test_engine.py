"""The engine of `examples/`, on a real host."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from node import CHECKOUT, Node

ENGINE = CHECKOUT / "examples" / "engine.py"
LINES = 60


def run(node: Node, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The example on this host."""
    command = ["nsenter", f"--net={node.host.path}", sys.executable, str(ENGINE), *arguments]
    return subprocess.run(command, env=node.environ, cwd=CHECKOUT, capture_output=True, text=True, timeout=60)


def namespaces() -> set[str]:
    """Those the engine made and did not remove."""
    return {path.name for path in Path("/run/netns").glob("engine-*")}


def test_it_is_shorter_than_a_page() -> None:
    assert len(ENGINE.read_text().splitlines()) < LINES


def test_its_containers_have_addresses_of_their_own_and_it_leaves_nothing(node: Node) -> None:
    before = namespaces()
    done = run(node, "mynet", "3", "--", "ip", "-4", "-o", "addr", "show", "eth0")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(re.findall(r"inet (\S+)", done.stdout)) == ["10.22.0.2/16", "10.22.0.3/16", "10.22.0.4/16"]
    assert namespaces() <= before
    assert node.has_nothing_left()


def test_it_tells_where_an_attachment_failed(node: Node) -> None:
    (node.config_dir / "10-mynet.conf").write_text(
        '{"cniVersion": "1.0.0", "name": "mynet", "type": "bridge", "promiscMode": true, "hairpinMode": true}'
    )
    done = run(node, "mynet", "1", "--", "true")
    assert done.returncode == 1
    assert done.stderr.startswith("engine: ADD of plugin bridge failed: ")
    assert done.stderr.endswith("(code 7)\n")
