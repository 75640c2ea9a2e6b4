"""The `facts` marker: which rows of which fact sheet the tests of this run prove.

A fact sheet is a numbered list of what a CNI implementation does, distilled from the specification and the reference
plugins. `@pytest.mark.facts("cni-spec", 12, 13)` says that a test shows what rows 12 and 13 say. A row counts as
proven only if every test that carries it passed in this run. What each sheet must prove is data, in facts.toml; with
`--facts` the run fails if a required row is neither proven nor listed there with a reason.

Rows listed under `vm` need another kernel than the usual one: they are required of the run inside the virtual machine,
which sets POPLIN_VM, and of no other; all others are required of the usual run.
"""

from __future__ import annotations

import os
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).with_name("facts.toml")
CARRIERS = "fact-carriers"  # under this name a worker tells who carries which row
MOST_DEVIATIONS = 0.05  # of a sheet's required rows


@dataclass
class Sheet:
    """One section of facts.toml."""

    name: str
    rows: int  # how many the sheet has
    required: set[int]
    deviations: dict[int, str]  # row -> what we do instead; docs/deviations.md says more
    later: dict[int, str]  # row -> why not yet
    proven: set[int] = field(default_factory=set)

    def problems(self) -> list[str]:
        """What keeps this sheet from being done, as lines for people."""
        listed = self.deviations.keys() | self.later.keys()
        lines = []
        if missing := self.required - self.proven - listed:
            lines.append(f"not proven and not listed in tests/facts.toml: {format_rows(missing)}")
        if stale := self.proven & listed:
            lines.append(f"proven, so drop them from `deviations` or `later` in tests/facts.toml: {format_rows(stale)}")
        if len(self.deviations) > MOST_DEVIATIONS * len(self.required):
            lines.append(f"{len(self.deviations)} deviations are more than {MOST_DEVIATIONS:.0%} of the required rows")
        return lines

    def line(self) -> str:
        """`cni-spec: 75 of 164 rows proven, 2 deviate, 87 later`."""
        done = len(self.proven & self.required)
        return (
            f"{self.name}: {done} of {len(self.required)} rows proven,"
            f" {len(self.deviations)} deviate, {len(self.later)} later"
        )


def read_sheets(path: Path = DATA, *, in_vm: bool = False) -> dict[str, Sheet]:
    """The sheets by name. Raises ValueError for a row a sheet does not have."""
    sections = tomllib.loads(path.read_text()).items()
    return {name: read_sheet(name, section, in_vm=in_vm) for name, section in sections}


def read_sheet(name: str, section: dict, *, in_vm: bool = False) -> Sheet:
    """One section; the keys of `deviations` and `later` are rows or ranges, like the items of `required` and `vm`."""
    deviations, later = (
        {row: why for rows, why in section.get(table, {}).items() for row in parse_rows(rows)}
        for table in ("deviations", "later")
    )
    required, vm = (set().union(*map(parse_rows, section.get(key, ()))) for key in ("required", "vm"))
    for row in required | vm | deviations.keys() | later.keys():
        if not 1 <= row <= section["rows"]:
            raise ValueError(f"facts.toml: sheet {name} has no row {row}")
    if in_vm:
        return Sheet(name, section["rows"], vm - deviations.keys() - later.keys(), {}, {})
    return Sheet(name, section["rows"], required - vm, deviations, later)


def parse_rows(text: str) -> set[int]:
    """`12` or `12-15`."""
    first, _, last = text.partition("-")
    return set(range(int(first), int(last or first) + 1))


def format_rows(rows: set[int]) -> str:
    """`1-3, 7`."""
    runs: list[list[int]] = []
    for row in sorted(rows):
        if runs and row == runs[-1][1] + 1:
            runs[-1][1] = row
        else:
            runs.append([row, row])
    return ", ".join(f"{a}-{b}" if b > a else str(a) for a, b in runs)


class Coverage:
    """Follows one run: which tests carry which rows, and which tests passed."""

    def __init__(self, sheets: dict[str, Sheet], *, strict: bool) -> None:
        self.sheets = sheets
        self.strict = strict
        self.carriers: dict[tuple[str, int], set[str]] = defaultdict(set)
        self.passed: dict[str, bool] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Before any deselection, so that a row is not proven by half of its tests."""
        for item in items:
            for mark in item.iter_markers("facts"):
                name, *rows = mark.args
                if name not in self.sheets or not rows or not all(0 < row <= self.sheets[name].rows for row in rows):
                    raise pytest.UsageError(f"{item.nodeid}: facts{mark.args} names no row of a sheet in facts.toml")
                for row in rows:
                    self.carriers[name, row].add(item.nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test passed if none of its phases did anything else."""
        self.passed[report.nodeid] = self.passed.get(report.nodeid, True) and report.outcome == "passed"

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What a worker has collected; the run itself collects nothing where there are workers."""
        for name, row, tests in getattr(node, "workeroutput", {}).get(CARRIERS, ()):
            self.carriers[name, row].update(tests)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Settle the rows; with --facts a gap fails the run. A worker leaves that to who started it."""
        if hasattr(session.config, "workeroutput"):
            found = [(name, row, sorted(tests)) for (name, row), tests in self.carriers.items()]
            session.config.workeroutput[CARRIERS] = found
            return
        for (name, row), tests in self.carriers.items():
            if all(self.passed.get(test) for test in tests):
                self.sheets[name].proven.add(row)
        if self.strict and session.exitstatus == 0 and any(sheet.problems() for sheet in self.sheets.values()):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """One line a sheet, and under --facts what is wrong with it."""
        terminalreporter.section("fact sheets")
        for sheet in (sheet for sheet in self.sheets.values() if sheet.required):
            terminalreporter.write_line(sheet.line())
            for problem in sheet.problems() if self.strict else ():
                terminalreporter.write_line(f"  {problem}", red=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option --facts."""
    parser.addoption("--facts", action="store_true", help="fail unless every required fact-sheet row is proven")


def pytest_configure(config: pytest.Config) -> None:
    """Follow this run. A sample proves no row, and need not."""
    sheets = read_sheets(in_vm="POPLIN_VM" in os.environ)
    strict = config.getoption("--facts") and config.getoption("--sample") == 1
    config.pluginmanager.register(Coverage(sheets, strict=strict), "facts-coverage")
