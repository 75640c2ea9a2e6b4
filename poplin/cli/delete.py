"""Detach a network namespace from a network. May be repeated, and the namespace may be gone."""

from __future__ import annotations

import argparse

from poplin.cli.settings import add_attachment_arguments, make_attachment, make_runtime, network_folder
from poplin.runtime.detach import detach
from poplin.runtime.networks import get_network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin del`."""
    add_attachment_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin del`."""
    network = get_network(network_folder(), options.network)
    attachment = make_attachment(options.netns, options.ifname, options.container_id)
    detach(make_runtime(options.timeout), network, attachment)
    return 0
