"""The parsers of the verbs: one for whoever runs a verb, and all of them in one for completion and manual pages."""

from __future__ import annotations

import argparse
import importlib
from types import ModuleType
from typing import Any, TypeAlias

from poplin.cli.verbs import ABOUT, GROUPS, VERBS

Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def get_module(name: str) -> ModuleType:
    """What implements the verb."""
    return importlib.import_module(f"poplin.cli.{VERBS[name].module}")


def make_parser(name: str) -> argparse.ArgumentParser:
    """Of one verb."""
    return fill(name, argparse.ArgumentParser(prog=f"poplin {name}", **describe(name)))


def make_whole_parser() -> argparse.ArgumentParser:
    """Of `poplin` with every verb as a command of its own."""
    parser = argparse.ArgumentParser(prog="poplin", description=ABOUT)
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="verb", metavar="VERB")
    groups: dict[str, Commands] = {"": commands}
    for name, verb in VERBS.items():
        first, _, last = name.rpartition(" ")
        if first not in groups:  # which may be a verb itself, as `controller` is
            group = commands.choices.get(first) or commands.add_parser(first, help=GROUPS[first])
            groups[first] = group.add_subparsers(metavar="VERB")
        fill(name, groups[first].add_parser(last, help=verb.summary, **describe(name)))
    return parser


def describe(name: str) -> dict[str, Any]:
    """What argparse is to say of the verb."""
    return {
        "description": get_module(name).__doc__,
        "epilog": f"example:\n  {VERBS[name].example}",
        "formatter_class": argparse.RawDescriptionHelpFormatter,
        "allow_abbrev": False,
    }


def fill(name: str, parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The parser with the verb's arguments."""
    get_module(name).add_arguments(parser)
    return parser
