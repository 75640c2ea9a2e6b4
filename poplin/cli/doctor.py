"""Find what keeps containers of this host from being attached or reached, and say which command mends it.

It changes nothing, and needs no network to be configured. An error is what breaks attaching or traffic, a warning what
may, a note what is worth knowing. Each finding tells where it was seen, and ends with a line for a shell that mends it;
one that opens an editor leaves to you what to write.

--json prints {"version": 1, "checks": [name], "findings": [{"check", "severity": "error" or "warning" or "note",
"text", "evidence": [text], "mend"}], "unseen": [{"check", "text"}]}; mend is empty where no command could, and unseen
is what could not be looked at, mostly for want of privilege. Exit status: 0 nothing is wrong, 4 an error or a warning,
else 1 if something could not be looked at.
"""

from __future__ import annotations

import argparse
import sys

from poplin.cli.failure import DRIFT, FAILED, hint
from poplin.cli.printable import show
from poplin.cli.settings import add_call_arguments, network_folder, plugin_paths
from poplin.doctor.examine import CHECKS, Report, examine
from poplin.doctor.finding import SEVERITIES, Finding, count
from poplin.doctor.place import Place
from poplin.spec.jsontext import dumps

PROG = "poplin doctor"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin doctor`."""
    parser.add_argument(
        "--only",
        action="append",
        choices=CHECKS,
        metavar="CHECK",
        default=[],
        help=f"run this check, and others named so: {', '.join(CHECKS)}",
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin doctor`."""
    place = Place(network_folder(), plugin_paths(), timeout=options.timeout)
    try:
        report = examine(place, options.only)
    finally:
        place.close()
    if options.json:
        print(dumps(as_object(report), 2))
    else:
        for name, finding in report.findings:
            print("\n".join(format_lines(name, finding)))
        print(summarize(report))
    for name, text in report.unseen:
        print(show(f"{PROG}: {name}: could not look: {text}{hint(text)}"), file=sys.stderr)
    if report.is_ill:
        return DRIFT
    return FAILED if report.unseen else 0


# For people.


def format_lines(name: str, finding: Finding) -> list[str]:
    """What is wrong, where that was seen, and what mends it, a line for each whatever is in the names."""
    seen = [f"    seen: {text}" for text in finding.evidence]
    mend = [f"    mend: {finding.mend}"] if finding.mend else []
    return [*map(show, (f"{finding.severity}: {name}: {finding.text}", *seen, *mend)), ""]


def summarize(report: Report) -> str:
    """`1 error, 2 warnings, 1 note in 12 checks`."""
    found = ", ".join(count(report.count(each), each) for each in SEVERITIES if report.count(each))
    where = count(len(report.checks), "check")
    return f"{found} in {where}" if found else f"nothing found in {where}"


# For programs.


def as_object(report: Report) -> dict[str, object]:
    """The report for --json."""
    findings = [
        {
            "check": name,
            "severity": finding.severity,
            "text": finding.text,
            "evidence": list(finding.evidence),
            "mend": finding.mend,
        }
        for name, finding in report.findings
    ]
    unseen = [{"check": name, "text": text} for name, text in report.unseen]
    return {"version": 1, "checks": report.checks, "findings": findings, "unseen": unseen}
