"""Find every mistake in the policy server's configuration at once.

--json prints {"version": 1, "file", "mistakes": [text]}; the file is empty if there is none, which is no mistake.

Exit status: 0 nothing is wrong, 1 something is.
"""

from __future__ import annotations

import argparse
import sys

from poplin.cli.controller_extra import is_complete
from poplin.cli.controller_state import add_config_argument, state_folder
from poplin.cli.failure import FAILED
from poplin.spec.jsontext import dumps

PROG = "poplin controller check-config"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin controller check-config`."""
    add_config_argument(parser)
    parser.add_argument("--connect", action="store_true", help="ask database, UAA and Cloud Controller, too")
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """`poplin controller check-config`."""
    if not is_complete(PROG):
        return FAILED
    file, mistakes = check(options.config_file, connects=options.connect)
    if options.json:
        print(dumps({"version": 1, "file": file, "mistakes": mistakes}, 2))
    for each in mistakes:
        print(f"{PROG}: {each}", file=sys.stderr)
    if not mistakes and not options.json:
        print(f"{file}: nothing is wrong" if file else "there is no file, and none is needed for development")
    return FAILED if mistakes else 0


def check(path: str, *, connects: bool) -> tuple[str, list[str]]:
    """The file and what is wrong with it; nobody is asked before it is right."""
    from poplin.controller.serve.configuration import BadConfiguration, load
    from poplin.controller.serve.neighbours import find_silent

    try:
        configuration = load(path)
    except BadConfiguration as error:
        return error.path, list(error.mistakes)
    silent = list(find_silent(configuration.settings, state_folder())) if connects else []
    return configuration.path, silent
