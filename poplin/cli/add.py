"""Attach a network namespace to a network. Prints the result as JSON, or the error.

If a plugin of the chain fails, or the command is interrupted, what was done is taken back.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import suppress

from poplin.cli.failure import describe, find_status, print_error_object
from poplin.cli.interruption import unwind_when_ended
from poplin.cli.settings import add_attachment_arguments, make_attachment, make_runtime, network_folder
from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.detach import detach
from poplin.runtime.networks import get_network
from poplin.spec.errors import CNIError, Conflict, DecodingFailure
from poplin.spec.jsontext import dumps
from poplin.spec.netlist import NetworkList
from poplin.spec.result import OldResult, Result, format_result


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin add`."""
    add_attachment_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin add`."""
    unwind_when_ended()
    version = ""
    try:
        network = get_network(network_folder(), options.network)
        version = network.version
        attachment = make_attachment(options.netns, options.ifname, options.container_id)
        result = attach_or_undo(make_runtime(options.timeout), network, attachment, "poplin add")
    except CNIError as error:
        print_error_object(error, version)
        print(f"poplin add: {describe(error)}", file=sys.stderr)
        return find_status(error)
    print(dumps(format_result(result) if result else None, 4))
    return 0


def attach_or_undo(
    runtime: Runtime, network: NetworkList, attachment: Attachment, prog: str
) -> Result | OldResult | None:
    """ADD, and DEL of the chain if it fails or is interrupted; the caller sees the first error.

    What is attached already is refused before: the second ADD would fail, and DEL would take the first one away.
    """
    refuse_attached(runtime, network, attachment)
    try:
        return attach(runtime, network, attachment)
    except BaseException:
        try:
            detach(runtime, network, attachment)
        except CNIError as error:
            print(f"{prog}: while taking it back: {describe(error)}", file=sys.stderr)
        raise


def refuse_attached(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """Raises Conflict if there is a result on record; one that cannot be read may be written over."""
    attachment.check()
    with suppress(DecodingFailure):
        if not runtime.cache.find_entry(network.name, *attachment.identity):
            return
        raise Conflict(
            f"{attachment.container_id} is already attached to network {network.name!r} as {attachment.ifname}",
            "`poplin del` with the same arguments detaches it",
        )
