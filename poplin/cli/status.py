"""Ask the plugins of a network whether `poplin add` would succeed now.

Below 1.1.0 the specification has no STATUS; what is asked then is whether the plugins are there and speak the version.
"""

from __future__ import annotations

import argparse

import poplin.runtime as cni
from poplin.cli.failure import find_status, report
from poplin.cli.settings import add_call_arguments, make_runtime, network_folder
from poplin.runtime.status import has_verb
from poplin.spec.jsontext import dumps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin status`."""
    parser.add_argument("network", metavar="NETWORK", help="the name in the configuration")
    parser.add_argument("netns", metavar="NETNS", nargs="?", help="not used; as for the other verbs")
    parser.add_argument(
        "--json", action="store_true", help='{"version": 1, "network", "ready", "asked", "error"?: {code, msg, ...}}'
    )
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin status`."""
    asked = False
    try:
        network = cni.load(options.network, network_folder())
        runtime = make_runtime(options.timeout)
        asked = has_verb(network, "STATUS")
        (cni.status if asked else cni.validate)(runtime, network)
    except cni.CNIError as error:
        if not options.json:
            return report(error, "poplin status")
        view = {"version": 1, "network": options.network, "ready": False, "asked": asked, "error": error.as_object()}
        print(dumps(view, 2))
        return find_status(error)
    if options.json:
        print(dumps({"version": 1, "network": network.name, "ready": True, "asked": asked}, 2))
    else:
        note = "" if asked else f"; its version {network.version} has no STATUS, but its plugins are there and speak it"
        print(f"{network.name}: ready{note}")
    return 0
