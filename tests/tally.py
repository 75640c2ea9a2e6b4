"""The end of a run as scripts/test promises it: a skip fails it unless listed, and the last line counts the tests.

With `--summary FILE` the counts, the failures' text and the proven fact-sheet rows are written as JSON too. Run as a
program, with such files as arguments, it prints what failed in any of them and the line for all; a file that is missing
is a run that failed.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

LISTED = Path(__file__).with_name("skips.txt")
MOST_OF_A_REASON = 200  # letters
RANK = {"passed": 0, "skipped": 1, "failed": 2}  # a test is the worst of its phases


def read_listed_skips(path: Path = LISTED) -> set[str]:
    """The node ids of `NODE ID: reason` lines. Raises ValueError for a line without a reason."""
    listed = set()
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        node, separator, reason = line.partition(": ")
        if not separator or not reason.strip():
            raise ValueError(f"{path.name}: {line!r} gives no reason")
        listed.add(node)
    return listed


class Tally:
    """Counts, and knows what may be skipped."""

    def __init__(self, listed: set[str]) -> None:
        self.listed = listed
        self.outcomes: dict[str, str] = {}
        self.failures: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the worst outcome of each test."""
        known = self.outcomes.get(report.nodeid, "passed")
        self.outcomes[report.nodeid] = max(known, report.outcome, key=RANK.__getitem__)
        if report.failed:
            self.failures[report.nodeid] = report.longreprtext

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected counts as one failed test."""
        if report.failed or report.skipped:
            self.outcomes[report.nodeid] = report.outcome
        if report.failed:
            self.failures[report.nodeid] = report.longreprtext

    def unlisted(self) -> list[str]:
        """Tests that were skipped without leave."""
        return [node for node, outcome in self.outcomes.items() if outcome == "skipped" and node not in self.listed]

    def summary(self, config: pytest.Config) -> dict[str, Any]:
        """What there is to know of the run."""
        count = Counter(self.outcomes.values())
        sheets = config.pluginmanager.get_plugin("facts-coverage").sheets.values()
        proven = {sheet.name: sorted(sheet.proven) for sheet in sheets if sheet.proven}
        return {**{outcome: count[outcome] for outcome in RANK}, "failures": self.failures, "proven": proven}

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """An unlisted skip is a failure."""
        if session.exitstatus == 0 and self.unlisted():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the skips that fail the run."""
        for node in self.unlisted():
            terminalreporter.write_line(f"skipped, and not listed in tests/skips.txt: {node}", red=True)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """The very last line, and the file."""
        summary = self.summary(config)
        if path := config.getoption("--summary"):
            path.write_text(json.dumps(summary))
        print(count_line(summary))


def count_line(*summaries: Mapping[str, Any]) -> str:
    """`120 passed, 0 failed, 0 skipped`."""
    passed, failed, skipped = (
        sum(summary[outcome] for summary in summaries) for outcome in ("passed", "failed", "skipped")
    )
    return f"{passed} passed, {failed} failed, {skipped} skipped"


def failure_lines(*summaries: Mapping[str, Any]) -> Iterator[str]:
    """`FAILED NODE: assert 1 == 2`, what pytest gives as the first reason."""
    for summary in summaries:
        for node, text in summary.get("failures", {}).items():
            reasons = (line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E  "))
            yield f"FAILED {node}: {next(reasons, 'no reason given')[:MOST_OF_A_REASON]}"


def read_summary(path: Path) -> dict[str, Any]:
    """One run's, or for one that ended without it a failure."""
    return json.loads(path.read_text()) if path.is_file() else {"passed": 0, "failed": 1, "skipped": 0}


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --tally, which scripts/test gives."""
    parser.addoption("--tally", action="store_true", help="fail on unlisted skips and end with a line of counts")
    parser.addoption("--summary", type=Path, help="with --tally: write the outcome to this file too, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Count only where it was asked for, and for all workers together."""
    if config.getoption("--tally") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(read_listed_skips()), "tally-of-tests")


if __name__ == "__main__":
    read = [read_summary(Path(path)) for path in sys.argv[1:]]
    print(*failure_lines(*read), count_line(*read), sep="\n")
