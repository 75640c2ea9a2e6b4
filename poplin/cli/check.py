"""Ask the plugins whether a network namespace is still attached as `poplin add` left it.

Exit status 4 says that it is not, 1 that it could not be checked.
"""

from __future__ import annotations

import argparse

from poplin.cli.failure import find_status, report
from poplin.cli.settings import add_attachment_arguments, make_attachment, make_runtime, network_folder
from poplin.runtime.check import check
from poplin.runtime.networks import get_network
from poplin.spec.errors import CNIError
from poplin.spec.jsontext import dumps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin check`."""
    add_attachment_arguments(parser)
    parser.add_argument(
        "--json", action="store_true", help='{"version": 1, "network", "ok", "error"?: {code, msg, ...}}'
    )


def run(options: argparse.Namespace) -> int:
    """`poplin check`."""
    try:
        network = get_network(network_folder(), options.network)
        attachment = make_attachment(options.netns, options.ifname, options.container_id)
        check(make_runtime(options.timeout), network, attachment)
    except CNIError as error:
        if not options.json:
            return report(error, "poplin check")
        view = {"version": 1, "network": options.network, "ok": False, "error": error.as_object()}
        print(dumps(view, 2))
        return find_status(error)
    if options.json:
        print(dumps({"version": 1, "network": network.name, "ok": True}, 2))
    return 0
