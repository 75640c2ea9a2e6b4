"""Detach a network namespace from a network, or from several. May be repeated, and the namespace may be gone.

What `add` was given, ports for instance, need not be said again: it is on record.

--dry-run does nothing and prints what would be done, as lines of a shell, or with --json {"version": 1, "dryRun": true,
"attachments": [{"network", "ifname", "steps": [{"plugin", "line", "content"?}], "result": null}]}.
"""

from __future__ import annotations

import argparse

import poplin.runtime as cni
from poplin.cli.settings import make_runtime
from poplin.cli.steps import add_attachment_arguments, add_dry_run_arguments, make_steps
from poplin.runtime.together import Step


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin del`."""
    add_attachment_arguments(parser)
    add_dry_run_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin del`."""
    runtime = make_runtime(options.timeout)
    steps = [(network, cni.recall(runtime, network, attachment)) for network, attachment in make_steps(options)]
    if options.dry_run:
        show_plan(options, runtime, steps)
    else:
        cni.detach_all(runtime, steps)
    return 0


def show_plan(options: argparse.Namespace, runtime: cni.Runtime, steps: list[Step]) -> None:
    """--dry-run, which has much to import that DEL itself does without. Raises CNIError."""
    from poplin.cli.plan import print_plan
    from poplin.preview.plan import preview_detach_all

    print_plan(preview_detach_all(runtime, steps), steps[::-1], options)
