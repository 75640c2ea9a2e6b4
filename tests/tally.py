"""The end of a run as scripts/test promises it: a skip fails it unless listed, and the last line counts the tests."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

LISTED = Path(__file__).with_name("skips.txt")
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

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember the worst outcome of each test."""
        known = self.outcomes.get(report.nodeid, "passed")
        self.outcomes[report.nodeid] = max(known, report.outcome, key=RANK.__getitem__)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be collected counts as one failed test."""
        if report.failed or report.skipped:
            self.outcomes[report.nodeid] = report.outcome

    def unlisted(self) -> list[str]:
        """Tests that were skipped without leave."""
        return [node for node, outcome in self.outcomes.items() if outcome == "skipped" and node not in self.listed]

    def line(self) -> str:
        """`120 passed, 0 failed, 0 skipped`."""
        count = Counter(self.outcomes.values())
        return f"{count['passed']} passed, {count['failed']} failed, {count['skipped']} skipped"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """An unlisted skip is a failure."""
        if session.exitstatus == 0 and self.unlisted():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name the skips that fail the run."""
        for node in self.unlisted():
            terminalreporter.write_line(f"skipped, and not listed in tests/skips.txt: {node}", red=True)

    def pytest_unconfigure(self) -> None:
        """The very last line."""
        print(self.line())


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --tally, which scripts/test gives."""
    parser.addoption("--tally", action="store_true", help="fail on unlisted skips and end with a line of counts")


def pytest_configure(config: pytest.Config) -> None:
    """Count only where it was asked for."""
    if config.getoption("--tally"):
        config.pluginmanager.register(Tally(read_listed_skips()), "tally-of-tests")
