"""How the verbs `poplin policy ...` end: what they did, or what kept them from it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from poplin.cli.controller_extra import is_complete
from poplin.cli.failure import DRIFT, FAILED
from poplin.cli.policy_client import Denied, Policy, PolicyClient, PolicyError, as_object, make_client
from poplin.cli.printable import show
from poplin.spec.jsontext import dumps

DENIED = DRIFT  # the exit status


def run_with_client(prog: str, options: argparse.Namespace, work: Callable[[PolicyClient], int]) -> int:
    """The exit status of the work; failures become a line, and with --json an object."""
    if not is_complete(prog):
        return FAILED
    try:
        with make_client(options) as client:
            return work(client)
    except PolicyError as error:
        tell(prog, str(error), as_json=options.json)
        return DENIED if isinstance(error, Denied) else FAILED


def print_json(policies: Sequence[Policy]) -> None:
    """What --json promises."""
    print(dumps({"version": 1, "policies": [as_object(each) for each in policies]}, 2))


def tell(prog: str, text: str, *, as_json: bool) -> None:
    """What went wrong."""
    if as_json:
        print(dumps({"version": 1, "errors": [{"msg": text}]}, 2))
    print(show(f"{prog}: {text}"), file=sys.stderr)
