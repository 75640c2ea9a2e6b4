"""Write the configuration of a Windows CNI plugin from what you want of the network: names, addresses, policies.

The intent is JSON, in base64 as the original tool takes it or in a file. Two profiles: 1.0.0 is the specification of
that tool, 0.3.1 its last published script. Runs on any system; docs/autogen.md has the whole reference.

--json prints {"version": 1, "path": FILE or null, "warnings": [text], "policies": [{"order", "priority", "type",
"settings", "from", "keys": [of the intent], "notes": [text]}]}; if nothing can be generated {"version": 1, "problems":
[text]}; for --check {"version": 1, "findings": [{"severity": "error" or "warning", "where", "line", "text"}]}.
"""

from __future__ import annotations

import argparse
import errno
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeVar

from poplin.autogen.checking import check_configuration
from poplin.autogen.configuration import Generated, generate
from poplin.autogen.document import DOCUMENT
from poplin.autogen.encoding import read_base64, read_json, read_strict_json
from poplin.autogen.evaluation import explain
from poplin.autogen.explanation import as_objects, format_table, show
from poplin.autogen.layout import JSON, LAYOUTS, render
from poplin.autogen.output import replace_file
from poplin.autogen.problem import IntentError
from poplin.autogen.profiles import PROFILES, get_profile
from poplin.autogen.script import SCRIPT
from poplin.cli.failure import FAILED, USAGE
from poplin.schema.finding import ERROR, Finding

T = TypeVar("T")

PROG = "poplin autogen"
STREAM = "-"  # stdin or stdout
STDOUT = (STREAM, "/dev/stdout")  # that is no place where a file could be replaced
LIST_ENDING = ".conflist"
NOT_FOR_CHECK = ("cni_conf_path", "version", "profile", "strict", "list", "crlf", "verbose", "explain")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin autogen`; the spellings with one dash are the original's."""
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--cni-args", "-CniArgs", metavar="BASE64", help="the intent, JSON in base64")
    source.add_argument("--from-json", metavar="FILE", help="the intent as a file of JSON; - is stdin")
    source.add_argument("--check", metavar="FILE", help="only say what the Windows plugins make of a configuration")
    parser.add_argument(
        "--cni-conf-path",
        "-CniConfPath",
        metavar="FILE",
        help=f"where to write; ./{DOCUMENT.default_file} if not given, - is stdout",
    )
    parser.add_argument(
        "--version", "-Version", type=known_version, metavar="VERSION", help=f"of the tool: {' or '.join(PROFILES)}"
    )
    parser.add_argument(
        "--profile",
        type=known_version,
        metavar="VERSION",
        help=f"{DOCUMENT.version}: the specification; {SCRIPT.version}: the script",
    )
    parser.add_argument("--strict", action="store_true", help="insist on mandatory keys and on known types of policies")
    parser.add_argument("--list", action="store_true", help="wrap it as a network configuration list")
    parser.add_argument("--format", choices=tuple(LAYOUTS), default=JSON, help="layout of the text")
    parser.add_argument("--crlf", action="store_true", help="end lines as Windows does")
    parser.add_argument("--verbose", "-Verbose", action="store_true", help="print what was written")
    parser.add_argument(
        "--explain", action="store_true", help="print the policies in their order; write only if told where"
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def known_version(text: str) -> str:
    """A version of the tool, as argparse wants it."""
    try:
        return get_profile(text).version
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: argparse.Namespace) -> int:
    """`poplin autogen`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a console of Windows may lack a name's characters
    if problem := find_contradiction(options):
        print(f"{PROG}: {problem}", file=sys.stderr)
        return USAGE
    try:
        return write(options) if options.check is None else check(options)
    except IntentError as error:
        if options.json:
            print_json({"problems": list(error.problems)})
        print(f"{PROG}: {error}", file=sys.stderr)
    except BrokenPipeError:
        raise
    except OSError as error:
        where = show(str(error.filename or "cannot write the output"))
        print(f"{PROG}: {where}: {error.strerror or error}", file=sys.stderr)
    return FAILED


def find_contradiction(options: argparse.Namespace) -> str:
    """Options that do not go together, in words."""
    if options.check is not None and (others := [name for name in NOT_FOR_CHECK if getattr(options, name)]):
        return f"--check writes nothing, so --{others[0].replace('_', '-')} does not go with it; leave that out"
    if options.profile and options.version not in (None, DOCUMENT.version, options.profile):
        return f"--version {options.version} and --profile {options.profile} contradict each other; write one of them"
    for option in ("cni_conf_path", "from_json", "check"):
        if getattr(options, option) == "":
            return f"--{option.replace('_', '-')} is empty; write the path of a file, or -"
    if options.cni_conf_path in STDOUT and (options.explain or options.json):
        return "the configuration and what --explain or --json print cannot both go to stdout; write to a file"
    return ""


def check(options: argparse.Namespace) -> int:
    """Tell what is wrong with a configuration; whether there was an error."""
    source = read_file(options.check, read_strict_json)
    findings = check_configuration(source.value, source)
    if options.json:
        print_json({"findings": [as_object(each) for each in findings]})
    else:
        name = show(options.check)
        lines = [f"{each.severity}: {name}:{each.line}: {each}" for each in findings]
        print("\n".join(lines) or f"{name}: nothing is wrong with it")
    return FAILED if any(finding.severity == ERROR for finding in findings) else 0


def as_object(finding: Finding) -> dict[str, object]:
    """For --json."""
    where, line, text = finding.where, finding.line, finding.sentence
    return {"severity": finding.severity, "where": where, "line": line, "text": text}


def write(options: argparse.Namespace) -> int:
    """Generate and write, or explain."""
    # The script had a version of its own, 1.0.0, and never looked at it.
    profile = get_profile(options.profile or options.version or DOCUMENT.version)
    source = read_base64(options.cni_args) if options.from_json is None else read_file(options.from_json, read_json)
    made = generate(source, profile.version, strict=options.strict, as_list=options.list)
    data = render(made.document, options.format, crlf=options.crlf)
    path = options.cni_conf_path
    if path is None and not options.explain:
        path = os.path.join(".", name_file(profile.default_file, options.list))
    if path in STDOUT:
        get_stream(sys.stdout, "stdout").write(data)
    elif path is not None:
        replace_file(path, data)
    warnings = [*made.warnings, *list_name_doubts(path, options.list)]
    for warning in warnings:
        print(f"{PROG}: warning: {warning}", file=sys.stderr)
    tell(options, made, path, warnings)
    return 0


def tell(options: argparse.Namespace, made: Generated, path: str | None, warnings: list[str]) -> None:
    """Print what was asked for."""
    if options.verbose and path not in (None, *STDOUT) and not options.json:
        print(f"VERBOSE: Generated CNI conf: {show(path)}")
        print(render(made.document, options.format).decode(), end="")
    if options.json:
        print_json({"path": path, "warnings": warnings, "policies": as_objects(explain(made))})
    elif options.explain:
        print(format_table(explain(made)))


def name_file(name: str, is_list: bool) -> str:
    """The default file; runtimes tell lists by the ending."""
    return str(Path(name).with_suffix(LIST_ENDING)) if is_list else name


def list_name_doubts(path: str | None, is_list: bool) -> list[str]:
    """What runtimes will take the file for."""
    if path in (None, *STDOUT) or str(path).endswith(LIST_ENDING) == is_list:
        return []
    wanted = (
        f"give a list the ending {LIST_ENDING}" if is_list else f"use --list, or an ending other than {LIST_ENDING}"
    )
    return [f"{show(str(path))}: runtimes tell lists from single configurations by the ending; {wanted}"]


def read_file(path: str, read: Callable[[bytes], T]) -> T:
    """What is in a file, or of stdin. Raises OSError, IntentError naming the file."""
    try:
        return read(get_stream(sys.stdin, "stdin").read() if path == STREAM else Path(path).read_bytes())
    except IntentError as error:
        raise IntentError(f"{show(path)}: {error}") from None


def get_stream(stream: TextIO | None, name: str) -> BinaryIO:
    """The bytes of stdin or stdout. Raises OSError if we were started with it closed."""
    if stream is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF), name)
    return stream.buffer


def print_json(answer: dict[str, Any]) -> None:
    """One document for programs."""
    print(json.dumps({"version": 1, **answer}, indent=2))
