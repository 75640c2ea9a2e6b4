"""Ask the plugins whether a network namespace is still attached as `poplin add` left it, to one network or several.

What `add` was given, ports for instance, need not be said again: it is on record. Exit status 4 says that something is
different, 1 that it could not be checked.

--json prints {"version": 1, "ok", "attachments": [{"network", "containerID", "ifname", "ok", "error": {"code", "msg",
"details"?} or null}]}.
"""

from __future__ import annotations

import argparse

import poplin.runtime as cni
from poplin.cli.failure import DRIFT, FAILED, find_status, report
from poplin.cli.settings import make_runtime
from poplin.cli.steps import add_attachment_arguments, make_steps
from poplin.runtime.together import Step
from poplin.spec.jsontext import dumps

PROG = "poplin check"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin check`."""
    add_attachment_arguments(parser)
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    """`poplin check`."""
    runtime = make_runtime(options.timeout)
    checked = [(step, find_difference(runtime, step)) for step in make_steps(options)]
    errors = [error for _, error in checked if error]
    if options.json:
        print(dumps({"version": 1, "ok": not errors, "attachments": [as_object(*each) for each in checked]}, 2))
        return worst([find_status(error) for error in errors])
    return worst([report(error, PROG) for error in errors])


def find_difference(runtime: cni.Runtime, step: Step) -> cni.CNIError | None:
    """What a plugin has to say against one attachment."""
    network, attachment = step
    try:
        cni.check(runtime, network, cni.recall(runtime, network, attachment))
    except cni.CNIError as error:
        return error
    return None


def worst(statuses: list[int]) -> int:
    """Of several: what could not be checked counts more than what is different."""
    return next((status for status in (FAILED, DRIFT) if status in statuses), 0)


def as_object(step: Step, error: cni.CNIError | None) -> dict[str, object]:
    """One attachment for --json."""
    network, attachment = step
    return {
        "network": network.name,
        "containerID": attachment.container_id,
        "ifname": attachment.ifname,
        "ok": error is None,
        "error": error.as_object() if error else None,
    }
