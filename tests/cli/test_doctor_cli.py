"""`poplin doctor` as a command: what it prints, its exit status, and that it changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from netlab import PATIENCE
from node import CHECKOUT, Node

from poplin.cli.doctor import as_object, format_lines, summarize
from poplin.doctor.examine import CHECKS, Report
from poplin.doctor.finding import ERROR, NOTE, WARNING, Finding
from poplin.doctor.place import Place

FOUND = Finding(ERROR, "it is broken", ("a: 1", "b: 2"), "mend it")


def test_a_finding_reads_from_what_is_wrong_to_what_mends_it() -> None:
    assert format_lines("mtu", FOUND) == [
        "error: mtu: it is broken",
        "    seen: a: 1",
        "    seen: b: 2",
        "    mend: mend it",
        "",
    ]
    assert format_lines("mtu", Finding(NOTE, "so it is")) == ["note: mtu: so it is", ""]


@pytest.mark.parametrize(
    ("severities", "text", "is_ill"),
    [
        ([], "nothing found in 2 checks", False),
        ([NOTE], "1 note in 2 checks", False),
        ([ERROR, ERROR, WARNING], "2 errors, 1 warning in 2 checks", True),
        ([WARNING, NOTE, NOTE], "1 warning, 2 notes in 2 checks", True),
    ],
)
def test_the_last_line_counts(severities: list[str], text: str, is_ill: bool) -> None:
    report = Report(["mtu", "clock"], [("mtu", Finding(each, "x")) for each in severities])
    assert (summarize(report), report.is_ill) == (text, is_ill)


def test_programs_get_everything() -> None:
    report = Report(["mtu"], [("mtu", FOUND)], [("mtu", "x: Permission denied")])
    assert as_object(report) == {
        "version": 1,
        "checks": ["mtu"],
        "findings": [
            {
                "check": "mtu",
                "severity": "error",
                "text": "it is broken",
                "evidence": ["a: 1", "b: 2"],
                "mend": "mend it",
            }
        ],
        "unseen": [{"check": "mtu", "text": "x: Permission denied"}],
    }


def test_a_healthy_host_has_nothing_wrong_before_and_after_containers_come_and_go(node: Node, container: Any) -> None:
    def look() -> tuple[int, list[Any], list[Any]]:
        status, output, errors = node.run("doctor", "--json")
        report = json.loads(output)
        assert (list(report["checks"]), errors) == (list(CHECKS), "")
        ill = [each for each in report["findings"] if each["severity"] != NOTE]
        return status, ill, report["unseen"]

    assert look() == (0, [], [])
    assert node.run("add", "mynet", container.path)[0] == 0
    assert look() == (0, [], [])
    assert node.run("del", "mynet", container.path)[0] == 0
    assert look() == (0, [], [])


def test_a_host_without_any_network_is_well(poplin: Any) -> None:
    done = poplin("doctor", "--only", "mtu", "--only", "subnets", "--json")
    assert (done.status, done.object["checks"], done.object["findings"]) == (0, ["subnets", "mtu"], [])


def test_it_changes_nothing(node: Node, container: Any) -> None:
    assert node.run("add", "mynet", container.path)[0] == 0

    def look() -> object:
        files = sorted((str(path), path.stat().st_mtime_ns) for path in node.config_dir.parent.rglob("*"))
        kernel = [node.host.sh(f"{each}") for each in ("nft list ruleset", "ip link", "ip route show table all")]
        return files, kernel  # tests/vm has modules: here others may have the kernel load some meanwhile

    before = look()
    assert node.run("doctor")[0] == 0
    assert look() == before


def test_who_is_not_root_is_told_what_was_not_seen(node: Node, container: Any) -> None:
    assert node.run("add", "mynet", container.path)[0] == 0
    for folder in (node.config_dir.parent, node.config_dir):
        folder.chmod(0o755)
    status, output, errors = run_as_nobody(node, "doctor")
    assert status == 1
    assert output.splitlines()[-1].endswith(f"in {len(CHECKS)} checks")
    assert f"could not look: cannot list {node.results}; Permission denied; run it as root" in errors
    assert "Traceback" not in errors
    assert not [line for line in output.splitlines() if line.startswith(("error:", "warning:"))]


def run_as_nobody(node: Node, *arguments: str) -> tuple[int, str, str]:
    """The command of an ordinary user, who sees the checkout at /mnt: it may be in root's home."""
    python = Path("/mnt") / Path(sys.executable).relative_to(CHECKOUT)
    script = f'mount --bind {CHECKOUT} /mnt && cd /mnt && exec "$@"'
    command = ["nsenter", f"--net={node.host.path}", "unshare", "--mount", "sh", "-c", script, "sh"]
    command += ["setpriv", "--reuid=65534", "--clear-groups", str(python), "-m", "poplin.cli.main", *arguments]
    done = subprocess.run(command, env=node.environ, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, done.stdout, done.stderr


def test_a_check_that_nobody_knows(poplin: Any) -> None:
    done = poplin("doctor", "--only", "nosuch")
    assert done.status == 2
    assert "invalid choice: 'nosuch'" in done.errors


def test_every_check_is_a_module_of_its_own() -> None:
    modules = {each.stem for each in (CHECKOUT / "poplin" / "doctor" / "checks").glob("*.py")}
    assert modules - {"__init__"} == set(CHECKS)


def test_what_was_found_before_a_failure_stays() -> None:
    def look(folder: str) -> Iterator[str]:
        yield "found"
        os.listdir(folder)

    place = Place("/nowhere", ())
    assert place.see_all(look, "/nowhere") == ["found"]
    assert place.take_unseen() == ["/nowhere: No such file or directory"]


def test_what_cannot_be_read_is_noted_once() -> None:
    place = Place("/nowhere", ())
    for _ in range(2):
        assert place.see(os.listdir, "/nowhere") is None
    assert place.take_unseen() == ["/nowhere: No such file or directory"]
    assert place.take_unseen() == []
