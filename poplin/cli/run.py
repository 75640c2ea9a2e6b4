"""Run a command in a network namespace of its own, attached to networks as eth0, eth1, ... in their order.

Without a NETWORK it is every one in NETCONFPATH, by file name. The loopback interface is always up. When the command
has ended it is detached and nothing stays; the exit status is the command's, or 128 and the number of its signal.
Should poplin itself be killed, so is the command, and `poplin gc` removes what stays.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Mapping, Sequence

from poplin.cli.add import attach_or_undo
from poplin.cli.failure import FAILED, USAGE, report
from poplin.cli.interruption import unwind_when_ended
from poplin.cli.publish import CAPABILITY, SYNTAX, published_port, require_capability
from poplin.cli.settings import (
    add_call_arguments,
    make_runtime,
    network_folder,
    read_arguments,
    read_capability_arguments,
)
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.detach import detach
from poplin.runtime.networks import get_network, load_networks
from poplin.runtime.sandbox import Sandbox
from poplin.spec.errors import CNIError
from poplin.spec.netlist import NetworkList

LOOPBACK = "loopback"
PROG = "poplin run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin run`; the command after `--` is cut off before."""
    parser.usage = "poplin run [-h] [--publish PORTS] [--timeout SECONDS] [NETWORK ...] -- COMMAND [ARGUMENT ...]"
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="default: every one in NETCONFPATH")
    parser.add_argument(
        "-p",
        "--publish",
        metavar="PORTS",
        type=published_port,
        action="append",
        default=[],
        help=f"a port of the host that leads to one of the command's: {SYNTAX}; may be repeated",
    )
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin run`."""
    if not options.command or not options.command[0]:
        print(f"{PROG}: no command; write it after `--`: poplin run mynet -- ip addr", file=sys.stderr)
        return USAGE
    networks = choose_networks(options.networks)
    if options.publish:
        require_capability(networks)
    runtime = make_runtime(options.timeout)
    unwind_when_ended()
    with Sandbox() as sandbox:
        return run_attached(runtime, sandbox, plan(networks, sandbox.netns, options.publish), options.command)


def choose_networks(names: list[str]) -> list[NetworkList]:
    """Those named, or all. Raises CNIError."""
    folder = network_folder()
    networks = [get_network(folder, name) for name in names] if names else load_networks(folder)
    if not networks:
        print(f"{PROG}: no networks in {folder}, so there is only the loopback interface", file=sys.stderr)
    return networks


def plan(
    networks: list[NetworkList], netns: str, ports: Sequence[Mapping[str, object]] = ()
) -> list[tuple[NetworkList, Attachment]]:
    """Each network with its interface name; a loopback network is always `lo` and takes no number.

    `ports` go to every network that publishes any, beside those of CAP_ARGS.
    """
    container_id = f"run-{os.urandom(6).hex()}"
    args = read_arguments(os.environ.get("CNI_ARGS", ""))
    capability_args = read_capability_arguments(os.environ.get("CAP_ARGS", ""))
    if ports:
        given = capability_args.get(CAPABILITY, [])
        capability_args[CAPABILITY] = [*(given if isinstance(given, list) else [given]), *ports]
    steps: list[tuple[NetworkList, Attachment]] = []
    number = 0
    for network in networks:
        is_loopback = all(plugin.type == LOOPBACK for plugin in network.plugins)
        ifname = "lo" if is_loopback else f"eth{number}"
        number += not is_loopback
        steps.append((network, Attachment(container_id, netns, ifname, args, capability_args)))
    return steps


def run_attached(
    runtime: Runtime, sandbox: Sandbox, steps: list[tuple[NetworkList, Attachment]], command: list[str]
) -> int:
    """Attach in order, run, detach in reverse order whatever happened; a detachment that fails is a failure."""
    attached: list[tuple[NetworkList, Attachment]] = []
    status = FAILED
    try:
        for network, attachment in steps:
            attach_or_undo(runtime, network, attachment, PROG)
            attached.append((network, attachment))
        status = sandbox.run(command)
    finally:
        failed = detach_all(runtime, attached)
    return status or (FAILED if failed else 0)


def detach_all(runtime: Runtime, attached: list[tuple[NetworkList, Attachment]]) -> int:
    """How many could not be detached. Not to be interrupted: each has its timeout."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    failed = 0
    for network, attachment in reversed(attached):
        try:
            detach(runtime, network, attachment)
        except CNIError as error:
            report(error, PROG)
            failed += 1
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return failed
