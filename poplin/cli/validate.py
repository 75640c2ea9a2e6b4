"""Find everything that is wrong with network configurations: files *.conflist, *.conf and *.json.

A line for each finding, FILE:LINE:COLUMN: error: KEY: what is wrong; what to do. An error is what a runtime or a plugin
refuses, a warning what has no effect. Without FILE every file of NETCONFPATH is looked at; - is stdin. The plugins are
looked for in CNI_PATH, and asked for their versions.

--json prints {"version": 1, "findings": [{"file", "line", "column", "severity": "error" or "warning", "where": KEY,
"text", "suggestion"}]}. Exit status: 0 no error, 1 an error, 3 there is no such file.
"""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from poplin.cli.failure import FAILED, NOT_FOUND, report
from poplin.cli.settings import add_call_arguments, network_folder, plugin_paths
from poplin.runtime.networks import LISTS, SINGLES, NoConfigs, list_files
from poplin.schema.finding import ERROR, WARNING, Finding
from poplin.validation.check import check_file
from poplin.validation.document import STDIN
from poplin.validation.installed import Installed

PROG = "poplin validate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin validate`."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="or a folder, or - for stdin; default NETCONFPATH")
    parser.add_argument("--strict", action="store_true", help="a warning is as bad as an error")
    parser.add_argument("--no-exec", action="store_true", help="do not ask plugins which versions they speak")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin validate`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    installed = Installed(plugin_paths(), may_ask=not options.no_exec, timeout=options.timeout)
    findings: list[Finding] = []
    checked, status = 0, 0
    for file in list_given(options.files or [network_folder()]):
        try:
            findings += check_file(read(file), file, installed)
            checked += 1
        except OSError as error:
            status = max(status, NOT_FOUND if error.errno == errno.ENOENT else FAILED)
            report(error, PROG)
    if options.json:
        print(json.dumps({"version": 1, "findings": [as_object(finding) for finding in findings]}, indent=2))
    else:
        print("".join(f"{format_line(finding)}\n" for finding in findings) + summarize(findings, checked))
    is_wrong = any(finding.severity == ERROR or options.strict for finding in findings)
    return max(status, FAILED if is_wrong else 0)


def list_given(places: Sequence[str]) -> Iterator[str]:
    """The files, and of folders all files that a runtime reads. Raises NoConfigs."""
    for place in places:
        if place == STDIN or not os.path.isdir(place):
            yield place
            continue
        found = sorted(list_files(place, (*LISTS, *SINGLES)))
        if not found:
            raise NoConfigs(f"no network configurations found in {place}", "it has no .conflist, .conf or .json file")
        yield from map(str, found)


def read(file: str) -> bytes:
    """Raises OSError."""
    return sys.stdin.buffer.read() if file == STDIN else Path(file).read_bytes()


def format_line(finding: Finding) -> str:
    """As compilers write it, so that editors can go there."""
    where = f"{finding.file}:{finding.line}:{finding.column}"
    return show(f"{where}: {finding.severity}: {finding}")


def show(text: str) -> str:
    """As it is, but in one line and without what a terminal would take for more than text."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def summarize(findings: Sequence[Finding], files: int) -> str:
    """`2 errors, 1 warning in 3 files`."""
    counts = [count(sum(each.severity == severity for each in findings), severity) for severity in (ERROR, WARNING)]
    return f"{', '.join(counts)} in {count(files, 'file')}"


def count(number: int, what: str) -> str:
    """`1 file`, `2 files`."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def as_object(finding: Finding) -> dict[str, object]:
    """For --json."""
    return {
        "file": finding.file,
        "line": finding.line,
        "column": finding.column,
        "severity": finding.severity,
        "where": finding.where,
        "text": finding.text,
        "suggestion": finding.suggestion,
    }
