"""Let the containers of one app open connections to another's; a policy that is there already is fine.

It is asked as the development controller of this machine would be, unless options say otherwise.

--json prints {"version": 1, "policies": [{"source", "destination", "protocol", "start", "end"}]}, and of a failure
{"version": 1, "errors": [{"msg"}]}.

Exit status: 0 done, 1 failed, 4 the server does not let us.
"""

from __future__ import annotations

import argparse

from poplin.cli.policy_client import PolicyClient, add_policy_arguments, policy_of
from poplin.cli.policy_outcome import print_json, run_with_client

PROG = "poplin policy add"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin policy add`."""
    add_policy_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin policy add`."""
    policy = policy_of(options)

    def work(client: PolicyClient) -> int:
        client.add(policy)
        if options.json:
            print_json([policy])
        return 0

    return run_with_client(PROG, options, work)
