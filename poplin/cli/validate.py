"""Find everything that is wrong with network configurations: files *.conflist, *.conf and *.json.

A line for each finding, FILE:LINE:COLUMN: error: KEY: what is wrong; what to do. An error is what a runtime or a plugin
refuses, a warning what has no effect. Without FILE every file of NETCONFPATH is looked at; - is stdin. The plugins are
looked for in CNI_PATH, and asked for their versions.

--json prints {"version": 1, "findings": [{"file", "line", "column", "severity": "error" or "warning", "where": KEY,
"text", "suggestion"}], "errors"?: [{"code", "msg", "details"?}]}; errors are about files that cannot be read. Exit
status: 0 no error, 1 an error, 3 there is no such file.
"""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from poplin.cli.failure import FAILED, report
from poplin.cli.printable import show
from poplin.cli.settings import add_call_arguments, network_folder, plugin_paths
from poplin.runtime.networks import LISTS, SINGLES, NoConfigs, list_files
from poplin.schema.finding import ERROR, WARNING, Finding
from poplin.spec.errors import CNIError, IOFailure
from poplin.validation.document import STDIN
from poplin.validation.installed import Installed

PROG = "poplin validate"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin validate`."""
    parser.add_argument("files", metavar="FILE", nargs="*", help="or a folder, or - for stdin; default NETCONFPATH")
    parser.add_argument("--strict", action="store_true", help="a warning is as bad as an error")
    parser.add_argument(
        "--schema",
        action="append",
        metavar="FILE",
        default=[],
        help="the schema of a plugin that is not ours, TYPE.json, which may be beside it; may be repeated",
    )
    parser.add_argument("--no-exec", action="store_true", help="do not ask plugins which versions they speak")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin validate`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files need not be text
    from poplin.validation.check import check_file  # which imports jsonschema, and our help does not need it

    for each in options.schema:
        from poplin.schema.foreign import add_file

        add_file(each)
    beside = [os.path.dirname(os.path.abspath(each)) for each in options.schema]
    installed = Installed((*plugin_paths(), *beside), may_ask=not options.no_exec, timeout=options.timeout)
    findings: list[Finding] = []
    errors: list[CNIError] = []
    checked = 0
    for file, data in read_given(options.files or [network_folder()]):
        if isinstance(data, CNIError):
            errors.append(data)
        else:
            findings += check_file(data, file, installed)
            checked += 1
    if options.json:
        unread = {"errors": [error.as_object() for error in errors]} if errors else {}
        objects = [as_object(finding) for finding in findings]
        print(json.dumps({"version": 1, "findings": objects, **unread}, indent=2))
    else:
        print("".join(f"{format_line(finding)}\n" for finding in findings) + summarize(findings, checked))
    is_wrong = any(finding.severity == ERROR or options.strict for finding in findings)
    return max([FAILED if is_wrong else 0, *(report(error, PROG) for error in errors)])


def read_given(places: Sequence[str]) -> Iterator[tuple[str, bytes | CNIError]]:
    """Each file with its text, or with why it cannot be read; of folders all files that a runtime reads."""
    for place in places:
        try:
            files = list_given(place)
        except CNIError as error:
            yield place, error
            continue
        for file in files:
            yield file, read(file)


def list_given(place: str) -> list[str]:
    """The file, or all of the folder. Raises CNIError."""
    if place == STDIN or not os.path.isdir(place):
        return [place]
    found = sorted(list_files(place, (*LISTS, *SINGLES)))
    if not found:
        raise NoConfigs(f"no network configurations found in {place}", "it has no .conflist, .conf or .json file")
    return list(map(str, found))


def read(file: str) -> bytes | CNIError:
    """The text, or why there is none."""
    if file == STDIN and sys.stdin is None:  # we were started with it closed
        return IOFailure("cannot read stdin", "it is closed")
    try:
        with nullcontext(sys.stdin.buffer) if file == STDIN else open(file, "rb") as opened:
            return opened.read()
    except OSError as error:
        kind = NoConfigs if error.errno == errno.ENOENT else IOFailure
        return kind(f"cannot read {'stdin' if file == STDIN else repr(file)}", error.strerror or str(error))


def format_line(finding: Finding) -> str:
    """As compilers write it, so that editors can go there."""
    where = f"{finding.file}:{finding.line}:{finding.column}"
    return show(f"{where}: {finding.severity}: {finding}")


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
