"""Show who may talk to whom, as the policy server knows it.

It is asked as the development controller of this machine would be, unless options say otherwise.

--json prints {"version": 1, "policies": [{"source", "destination", "protocol", "start", "end"}]}, and of a failure
{"version": 1, "errors": [{"msg"}]}.

Exit status: 0 done, 1 failed, 4 the server does not let us.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from poplin.cli.policy_client import Policy, PolicyClient, add_client_arguments
from poplin.cli.policy_outcome import print_json, run_with_client
from poplin.cli.printable import show

PROG = "poplin policy list"
HEADS = ("SOURCE", "DESTINATION", "PROTOCOL", "PORTS")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin policy list`."""
    parser.add_argument("ids", metavar="ID", nargs="*", help="only policies from or to these apps")
    add_client_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin policy list`."""

    def work(client: PolicyClient) -> int:
        policies = client.list(options.ids)
        if options.json:
            print_json(policies)
        else:
            print(*tabulate(policies), sep="\n")
        return 0

    return run_with_client(PROG, options, work)


def tabulate(policies: Sequence[Policy]) -> list[str]:
    """Lines, the heads first."""
    cells = sorted((each.source, each.destination, each.protocol, each.ports) for each in policies)
    rows = [HEADS, *cells]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    return [show("  ".join(map(str.ljust, row, widths)).rstrip()) for row in rows]
