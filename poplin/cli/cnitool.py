"""The reference's test tool: the same verbs, arguments, environment and output, under the name `cnitool`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import poplin.runtime as cni
from poplin.cli.failure import report
from poplin.cli.settings import make_attachment, make_runtime, network_folder
from poplin.spec.jsontext import dumps
from poplin.spec.result import format_result

Verb = Callable[[cni.Runtime, cni.NetworkList, cni.Attachment], object]


def main(arguments: Sequence[str]) -> int:
    """0 or 1; without arguments the help, which is no failure."""
    parser = make_parser()
    if not arguments or arguments[0] == "help":
        parser.print_help()
        return 0
    try:
        options, _ = parser.parse_known_args(list(arguments))
        network = cni.load(options.network, network_folder())
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


def add(runtime: cni.Runtime, network: cni.NetworkList, attachment: cni.Attachment) -> None:
    """The result goes to stdout, without a newline."""
    result = cni.attach(runtime, network, attachment)
    sys.stdout.write(dumps(format_result(result) if result else None, 4))


def status(runtime: cni.Runtime, network: cni.NetworkList, attachment: cni.Attachment) -> None:
    """The namespace is named and not used."""
    cni.status(runtime, network)


def gc(runtime: cni.Runtime, network: cni.NetworkList, attachment: cni.Attachment) -> None:
    """Knows of nothing valid, and so removes everything of the network."""
    cni.gc(runtime, network, None, everything=True)


VERBS: dict[str, Verb] = {"add": add, "check": cni.check, "del": cni.detach, "gc": gc, "status": status}
