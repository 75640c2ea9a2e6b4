"""Detach a network namespace from a network, or from several. May be repeated, and the namespace may be gone.

What `add` was given, ports for instance, need not be said again: it is on record.
"""

from __future__ import annotations

import argparse

import poplin.runtime as cni
from poplin.cli.settings import make_runtime
from poplin.cli.steps import add_attachment_arguments, make_steps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin del`."""
    add_attachment_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin del`."""
    runtime = make_runtime(options.timeout)
    steps = make_steps(options)
    cni.detach_all(runtime, [(network, cni.recall(runtime, network, attachment)) for network, attachment in steps])
    return 0
