"""The reference's test tool: the same verbs, arguments, environment and output, under the name `cnitool`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from poplin.cli.failure import report
from poplin.cli.settings import make_attachment, make_runtime, network_folder
from poplin.runtime.attach import attach
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.check import check
from poplin.runtime.detach import detach
from poplin.runtime.gc import collect_garbage
from poplin.runtime.networks import get_network
from poplin.runtime.status import ask_status
from poplin.spec.jsontext import dumps
from poplin.spec.netlist import NetworkList
from poplin.spec.result import format_result

Verb = Callable[[Runtime, NetworkList, Attachment], object]


def main(arguments: Sequence[str]) -> int:
    """0 or 1; without arguments the help, which is no failure."""
    parser = make_parser()
    if not arguments or arguments[0] == "help":
        parser.print_help()
        return 0
    try:
        options, _ = parser.parse_known_args(list(arguments))
        network = get_network(network_folder(), options.network)
        attachment = make_attachment(options.netns, options.ifname)
        VERBS[options.verb](make_runtime(), network, attachment)
    except SystemExit as stop:
        return 1 if stop.code else 0
    except Exception as error:
        report(error, "cnitool")
        return 1
    return 0


def make_parser() -> argparse.ArgumentParser:
    """Its command line."""
    parser = argparse.ArgumentParser(
        prog="cnitool",
        description="Add, check, remove, gc or status network interfaces of a network namespace.",
        epilog="example:\n  CNI_PATH=/opt/cni/bin cnitool add mynet /run/netns/blue",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("network")
    parser.add_argument("netns")
    parser.add_argument("-i", "--ifname", help="name of the interface (CNI_IFNAME, eth0)")
    return parser


def add(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """The result goes to stdout, without a newline."""
    result = attach(runtime, network, attachment)
    sys.stdout.write(dumps(format_result(result) if result else None, 4))


def status(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """The namespace is named and not used."""
    ask_status(runtime, network)


def gc(runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
    """Knows of nothing valid, and so removes everything of the network."""
    collect_garbage(runtime, network, None, everything=True)


VERBS: dict[str, Verb] = {"add": add, "check": check, "del": detach, "gc": gc, "status": status}
