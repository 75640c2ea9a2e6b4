"""Take a policy away: what one app opens to another is dropped again.

It is asked as the development controller of this machine would be, unless options say otherwise.

--json prints {"version": 1, "policies": [{"source", "destination", "protocol", "start", "end"}]}, and of a failure
{"version": 1, "errors": [{"msg"}]}.

Exit status: 0 done, 1 failed, 3 there is no such policy, 4 the server does not let us.
"""

from __future__ import annotations

import argparse

from poplin.cli.failure import NOT_FOUND
from poplin.cli.policy_client import Policy, PolicyClient, add_policy_arguments, policy_of
from poplin.cli.policy_outcome import print_json, run_with_client, tell

PROG = "poplin policy remove"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin policy remove`."""
    add_policy_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin policy remove`."""
    policy = policy_of(options)

    def work(client: PolicyClient) -> int:
        if policy not in client.list([policy.source]):
            tell(PROG, describe_absence(policy), as_json=options.json)
            return NOT_FOUND
        client.remove(policy)
        if options.json:
            print_json([policy])
        return 0

    return run_with_client(PROG, options, work)


def describe_absence(policy: Policy) -> str:
    """A range is one policy: a port of it alone cannot be taken away."""
    named = f"{policy.source} to {policy.destination}, {policy.protocol} {policy.ports}"
    return f"there is no policy from {named}; `poplin policy list {policy.source}` shows those there are"
