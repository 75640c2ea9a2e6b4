"""Find where a plugin departs from the CNI specification, whatever language it is written in.

It is called as a container runtime calls it, for containers on a host that are both made for the purpose: the network
and the files of this machine are neither seen nor changed. Every rule says what it demands with --list. A plugin whose
type is one of those that are known, as its file is called, needs no configuration; others need --config, with all
plugins of a list that come before it, or such a file beside them: TYPE.conflist or TYPE.conf.

--json prints {"version": 1, "plugin", "type", "kind", "versions": [text], "rules": [{"rule", "group", "section",
"demand", "status": "kept" or "broken" or "advice" or "known defect" or "does not apply" or "could not be judged",
"texts": [text], "why", "row"}]}; with --list it is {"version": 1, "rules": [...]} without the last four, and of a
failure {"version": 1, "errors": [{"code", "msg", "details"?}]}.

Exit status: 0 all rules are kept, or broken only in ways that are known or that no section of the specification
forbids, 4 one is broken, 1 something could not be judged, 3 there is no such file.
"""

from __future__ import annotations

import argparse
import errno
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from poplin.cli.failure import DRIFT, FAILED, NOT_FOUND, USAGE, report
from poplin.cli.printable import show
from poplin.cli.settings import plugin_paths
from poplin.cli.values import seconds
from poplin.conformance.judge import get_acquainted, judge
from poplin.conformance.junit import make_junit
from poplin.conformance.rule import ADVICE, BROKEN, KEPT, KINDS, KNOWN, NOT_ASKED, STATUSES, UNSEEN, Outcome, Rule
from poplin.conformance.subject import Subject, make_subject, read_network
from poplin.conformance.surroundings import TYPES
from poplin.conformance.table import RULES
from poplin.linux.atomicfile import write_atomic
from poplin.spec.errors import CNIError
from poplin.spec.jsontext import dumps

PROG = "poplin plugin check"
DEFAULT_TIMEOUT = 60.0
ENDINGS = ("conflist", "conf")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin plugin check`."""
    parser.add_argument("binary", metavar="BINARY", nargs="?", help="the plugin's executable")
    parser.add_argument("--config", metavar="FILE", type=Path, help="a network that has it: a configuration or list")
    parser.add_argument(
        "--cni-path",
        metavar="FOLDERS",
        default="",
        help="where plugins are that it calls (default: the folder of BINARY, then CNI_PATH)",
    )
    parser.add_argument("--kind", choices=KINDS, default="", help="what it is, if that cannot be told")
    parser.add_argument("--rule", metavar="NAME", action="append", choices=RULES, default=[], help="this one, and more")
    parser.add_argument("--list", action="store_true", help="print the rules and what they demand, and judge nothing")
    parser.add_argument("--strict", action="store_true", help="advice and known defects count too")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write a report for CI, too")
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=DEFAULT_TIMEOUT,
        metavar="SECONDS",
        help="of one call (default %(default)g)",
    )


def run(options: argparse.Namespace) -> int:
    """`poplin plugin check`."""
    rules = [rule for rule in RULES.values() if rule.name in options.rule or not options.rule]
    if options.list:
        print(dumps({"version": 1, "rules": list(map(describe, rules))}, 2) if options.json else format_list(rules))
        return 0
    if not options.binary:
        print(f"{PROG}: name the executable of a plugin, or use --list", file=sys.stderr)
        return USAGE
    if not os.path.isfile(options.binary):
        report(FileNotFoundError(f"there is no file {options.binary!r}"), PROG, as_json=options.json)
        return NOT_FOUND
    try:
        if options.junit:
            check_folder(options.junit)
        subject = make(options)
        outcomes = list(watch(judge(subject, rules), len(rules), options.json))
        if options.junit:
            write_atomic(str(options.junit), make_junit(subject.type, outcomes, is_strict=options.strict), mode=0o644)
    except (CNIError, OSError) as error:
        return report(error, PROG, as_json=options.json)
    print(dumps(as_object(subject, outcomes), 2) if options.json else summarize(outcomes))
    return find_status([each.status for each in outcomes], is_strict=options.strict)


def make(options: argparse.Namespace) -> Subject:
    """What is to be judged. Raises CNIError, OSError."""
    path = os.path.abspath(options.binary)
    if not os.access(path, os.X_OK):
        raise PermissionError(errno.EACCES, "it is not executable; run chmod +x", path)
    given = [os.path.abspath(each) for each in options.cni_path.split(":") if each]
    config = options.config or find_config(Path(path))
    network = read_network(config.read_bytes()) if config else None
    folders = given or [os.path.dirname(path), *plugin_paths()]
    return get_acquainted(make_subject(path, list(dict.fromkeys(folders)), network, options.kind, options.timeout))


def find_config(path: Path) -> Path | None:
    """The one beside a plugin of which nothing is known."""
    beside = [path.with_name(f"{path.name}.{ending}") for ending in ENDINGS]
    return next((each for each in beside if path.name not in TYPES and each.is_file()), None)


def check_folder(path: Path) -> None:
    """Raise OSError unless a file can be written there: who waits for all rules first has waited in vain."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path.parent, os.W_OK | os.X_OK):
        code = errno.EACCES if path.parent.is_dir() else errno.ENOENT
        raise OSError(code, f"cannot write into this folder: {os.strerror(code)}", str(path.parent))


def find_status(statuses: Sequence[str], *, is_strict: bool) -> int:
    """Of the command."""
    if BROKEN in statuses or (is_strict and {ADVICE, KNOWN} & set(statuses)):
        return DRIFT
    return FAILED if UNSEEN in statuses else 0


# For people.


def watch(outcomes: Iterable[Outcome], total: int, is_quiet: bool) -> Iterator[Outcome]:
    """The same, each shown as it comes; on a terminal with how far it is."""
    is_terminal = sys.stderr.isatty()
    for number, outcome in enumerate(outcomes, 1):
        if is_terminal:
            print(f"\r\033[K{number} of {total} rules", end="", file=sys.stderr, flush=True)
        if not is_quiet:
            print("\r\033[K" * is_terminal + "\n".join(format_lines(outcome)), flush=True)
        yield outcome
    if is_terminal:
        print("\r\033[K", end="", file=sys.stderr, flush=True)


def format_lines(outcome: Outcome) -> list[str]:
    """How a rule fared; of one that is not kept, what it demands and what was seen."""
    first = f"{outcome.status}: {outcome.rule.name}"
    if outcome.status == KEPT:
        return [first]
    if outcome.status == NOT_ASKED:
        return [show(f"{first}: {'; '.join(outcome.texts)}")]
    seen = [f"    seen: {text}" for text in outcome.texts]
    known = [f"    known: {outcome.why}{f' ({outcome.row})' if outcome.row else ''}"] if outcome.why else []
    demand = f"{first}: {outcome.rule.demand} ({outcome.rule.section})"
    return [show(line) for line in (demand, *seen, *known)]


def summarize(outcomes: Sequence[Outcome]) -> str:
    """`57 rules: 50 kept, 2 broken, 5 do not apply`."""
    counts = {status: sum(each.status == status for each in outcomes) for status in STATUSES}
    words = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    return f"{len(outcomes)} {'rule' if len(outcomes) == 1 else 'rules'}: {words}"


def format_list(rules: Sequence[Rule]) -> str:
    """Each rule with its demand, by groups."""
    lines = []
    for group in dict.fromkeys(rule.group for rule in rules):
        lines += ["", f"{group}"]
        lines += [f"  {each.name}: {each.demand} ({each.section})" for each in rules if each.group == group]
    return "\n".join(lines[1:])


# For programs.


def describe(rule: Rule) -> dict[str, object]:
    """A rule for --json."""
    return {"rule": rule.name, "group": rule.group, "section": rule.section, "demand": rule.demand}


def as_object(subject: Subject, outcomes: Sequence[Outcome]) -> dict[str, object]:
    """The report for --json."""
    rules = [
        {
            **describe(each.rule),
            "status": each.status,
            "texts": list(each.texts),
            "why": each.why,
            "row": each.row,
        }
        for each in outcomes
    ]
    head = {"version": 1, "plugin": subject.path, "type": subject.type, "kind": subject.kind}
    return {**head, "versions": list(subject.versions), "rules": rules}
