"""Attach a network namespace to a network, or to several at once: all of them or, if one fails, none.

Prints the result of ADD as JSON, or the error. Of several networks it is {"version": 1, "attachments": [{"network",
"ifname", "result"}]}.

--dry-run does nothing and prints what would be done, as lines of a shell, or with --json {"version": 1, "dryRun": true,
"attachments": [{"network", "ifname", "steps": [{"plugin", "line", "content"?}], "result"}]}.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

import poplin.runtime as cni
from poplin.cli.failure import describe, find_status, print_error_object
from poplin.cli.interruption import unwinding
from poplin.cli.settings import make_runtime
from poplin.cli.steps import add_attachment_arguments, add_dry_run_arguments, make_steps
from poplin.runtime.together import Step
from poplin.spec.jsontext import dumps
from poplin.spec.result import format_result

PROG = "poplin add"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin add`."""
    add_attachment_arguments(parser)
    add_dry_run_arguments(parser)


@unwinding()
def run(options: argparse.Namespace) -> int:
    """`poplin add`."""
    steps: list[Step] = []
    try:
        steps = make_steps(options)
        if options.dry_run:
            show_plan(options, steps)
            return 0
        results = cni.attach_all(make_runtime(options.timeout), steps, tell_undo(PROG))
    except cni.CNIError as error:
        print_error_object(error, steps[0][0].version if steps else "")
        print(f"{PROG}: {describe(error)}", file=sys.stderr)
        return find_status(error)
    print(dumps(format_results(steps, results), 4))
    return 0


def show_plan(options: argparse.Namespace, steps: list[Step]) -> None:
    """--dry-run, which has much to import that ADD itself does without. Raises CNIError."""
    from poplin.cli.plan import print_plan
    from poplin.preview.plan import preview_attach_all

    print_plan(preview_attach_all(make_runtime(options.timeout), steps), steps, options)


def tell_undo(prog: str) -> Callable[[cni.CNIError], None]:
    """Tells what could not be taken back after a failure; the failure itself is told after it."""
    return lambda error: print(f"{prog}: while taking it back: {describe(error)}", file=sys.stderr)


def format_results(steps: list[Step], results: list[cni.Result | cni.OldResult | None]) -> dict[str, object] | None:
    """What goes to stdout."""
    objects = [format_result(result) if result else None for result in results]
    if len(objects) == 1:
        return objects[0]
    attachments = [
        {"network": network.name, "ifname": attachment.ifname, "result": result}
        for (network, attachment), result in zip(steps, objects, strict=True)
    ]
    return {"version": 1, "attachments": attachments}
