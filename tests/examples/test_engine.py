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


def test_when_one_fails_it_waits_for_the_others_before_it_detaches_them(node: Node, tmp_path: Path) -> None:
    plugin = tmp_path / "plugins" / "moody"
    plugin.parent.mkdir()
    log = tmp_path / "log"
    # The first one fails, the others take their time.
    plugin.write_text(
        f"#!/bin/sh\n"
        f"case $CNI_COMMAND-$CNI_CONTAINERID in\n"
        f'ADD-*-0) echo \'{{"code": 42, "msg": "banana"}}\'; exit 1 ;;\n'
        f'ADD-*) sleep 1; echo added >> {log}; echo \'{{"cniVersion": "1.1.0"}}\' ;;\n'
        f"DEL-*) echo removed >> {log} ;;\n"
        f"esac\n"
    )
    plugin.chmod(0o755)
    node.environ["CNI_PATH"] += f":{plugin.parent}"
    text = '{"cniVersion": "1.1.0", "name": "mynet", "plugins": [{"type": "moody"}]}'
    (node.config_dir / "10-mynet.conflist").write_text(text)
    done = run(node, "mynet", "3", "--", "true")
    assert (done.returncode, done.stderr) == (1, "engine: ADD of plugin moody failed: banana (code 42)\n")
    assert log.read_text().split() == ["added"] * 2 + ["removed"] * 3
