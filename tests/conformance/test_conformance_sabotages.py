"""Every rule finds the plugin that breaks it, and finds nothing in one that keeps them all.

A broken plugin is judged by its own rule usually; by the others of the group too with POPLIN_ALL in the environment, as
`scripts/test --all` has it.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from conformance.judging import ADVICE, BROKEN, GOOD, HEAD, KEPT, NOT_ASKED, check, list_rules, write_plugin
from conformance.sabotages import SABOTAGES, break_text

from poplin.conformance.rule import PRACTICE
from poplin.conformance.table import RULES


def choose(rule: str) -> list[str]:
    """The options for the rules that the plugin is judged by."""
    group = [each.name for each in RULES.values() if each.group == RULES[rule].group]
    return [f"--rule={name}" for name in (group if "POPLIN_ALL" in os.environ else [rule])]


@pytest.mark.parametrize("chained", [False, True], ids=["alone", "chained"])
def test_the_good_plugin_keeps_every_rule(tmp_path: Path, chained: bool) -> None:
    status, report = check(write_plugin(tmp_path, HEAD + GOOD.read_text()), chained=chained)
    assert [each for each in report["rules"] if each["status"] not in (KEPT, NOT_ASKED)] == []
    kind = "chained" if chained else "interface"
    assert list_rules(report, NOT_ASKED) == [each.name for each in RULES.values() if kind not in each.kinds]
    assert (status, report["kind"], report["versions"]) == (0, kind, ["0.2.0", "0.3.1", "1.0.0", "1.1.0"])


@pytest.mark.parametrize("rule", SABOTAGES)
def test_a_broken_plugin_breaks_its_rule_and_no_other(tmp_path: Path, rule: str) -> None:
    sabotage = SABOTAGES[rule]
    path = write_plugin(tmp_path, break_text(HEAD + GOOD.read_text(), sabotage))
    status, report = check(path, *choose(rule), chained=sabotage.is_chained)
    broken, advised = list_rules(report, BROKEN), list_rules(report, ADVICE)
    assert rule in (advised if RULES[rule].section == PRACTICE else broken), report
    assert {*broken, *advised} <= {rule, *sabotage.along}
    assert status == (4 if broken else 0)


def test_there_is_a_broken_plugin_for_every_rule() -> None:
    assert list(SABOTAGES) == list(RULES)
