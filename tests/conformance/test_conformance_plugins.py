"""Our own plugins keep every rule; the reference's break none but those that the table of known defects names.

A few of each usually; all of them with POPLIN_ALL in the environment, as `scripts/test --all` has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from netlab import CHECKOUT, PATIENCE, REFERENCE

from poplin.conformance.known import DEFECTS
from poplin.conformance.rule import KNOWN, NOT_ASKED
from poplin.conformance.surroundings import TYPES
from poplin.conformance.table import RULES
from poplin.invoke.entry import PLUGINS

IS_WHOLE = "POPLIN_ALL" in os.environ
# Those whose links the usual kernel does not know are only asked what needs none.
OWN = [each for each in PLUGINS if each in TYPES] if IS_WHOLE else ["bridge", "dhcp", "host-local", "portmap", "sbr"]
THEIRS = sorted(each.name for each in REFERENCE.iterdir() if each.name in TYPES) if IS_WHOLE else ["host-device"]


def check(path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """The exit status and the report of `poplin plugin check`."""
    line = [sys.executable, "-m", "poplin.cli.main", "plugin", "check", str(path), "--json", *options]
    done = subprocess.run(
        line,
        capture_output=True,
        text=True,
        timeout=20 * PATIENCE,
        check=False,
        cwd=CHECKOUT,
        env={**os.environ, "CNI_PATH": str(path.parent)},
    )
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


def tell_faults(report: dict[str, Any]) -> str:
    """What is not as it should be."""
    found = [each for each in report["rules"] if each["status"] not in ("kept", NOT_ASKED, KNOWN)]
    return "\n".join(f"{each['status']}: {each['rule']}: {each['texts']}" for each in found)


@pytest.mark.parametrize("plugin", OWN)
def test_our_plugin_keeps_every_rule(bin_dir: Path, plugin: str) -> None:
    status, report = check(bin_dir / plugin)
    assert tell_faults(report) == ""
    assert [each["rule"] for each in report["rules"] if each["status"] == KNOWN] == []
    assert (status, report["type"], report["kind"]) == (0, plugin, TYPES[plugin].kind)
    assert [each["rule"] for each in report["rules"]] == list(RULES)


@pytest.mark.parametrize("plugin", THEIRS)
def test_the_references_plugin_has_known_defects_alone(plugin: str) -> None:
    status, report = check(REFERENCE / plugin)
    assert tell_faults(report) == ""
    known = [each for each in report["rules"] if each["status"] == KNOWN]
    assert "errors-name-their-version" in [each["rule"] for each in known]
    assert all(each["why"] and each["texts"] for each in known)
    assert status == 0


def test_known_defects_count_when_that_is_wanted() -> None:
    status, report = check(REFERENCE / "host-device", "--strict", "--rule=errors-name-their-version")
    assert (status, [each["status"] for each in report["rules"]]) == (4, [KNOWN])


def test_every_defect_is_of_a_rule_and_says_why() -> None:
    assert set(DEFECTS) <= set(RULES)
    for each in (defect for defects in DEFECTS.values() for defect in defects):
        assert each.why.endswith(".")
        assert set(each.types) <= set(TYPES)
