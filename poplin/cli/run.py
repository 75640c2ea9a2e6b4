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
from collections.abc import Sequence

import poplin.runtime as cni
from poplin.cli.add import tell_undo
from poplin.cli.failure import FAILED, USAGE, report
from poplin.cli.interruption import unwinding
from poplin.cli.settings import DEFAULT_IFNAME, add_call_arguments, make_attachment, make_runtime, network_folder
from poplin.cli.steps import name_interfaces, plan
from poplin.cli.wishes import add_wishes
from poplin.runtime.sandbox import Sandbox
from poplin.runtime.together import Step

PROG = "poplin run"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin run`; the command after `--` is cut off before."""
    parser.usage = "poplin run [OPTIONS] [NETWORK ...] -- COMMAND [ARGUMENT ...]"
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="default: every one in NETCONFPATH")
    parser.add_argument("--container-id", metavar="ID", default="", help="default: one that is not in use")
    add_wishes(parser)
    add_call_arguments(parser)


@unwinding()
def run(options: argparse.Namespace) -> int:
    """`poplin run`."""
    if not options.command or not options.command[0]:
        print(f"{PROG}: no command; write it after `--`: poplin run mynet -- ip addr", file=sys.stderr)
        return USAGE
    networks = choose_networks(options.networks)
    runtime = make_runtime(options.timeout)
    container_id = options.container_id or f"run-{os.urandom(6).hex()}"
    with Sandbox() as sandbox:
        first = make_attachment(sandbox.netns, DEFAULT_IFNAME, container_id)
        steps = plan(networks, first, name_interfaces(networks, first.ifname), options)
        return run_attached(runtime, sandbox, steps, options.command)


def choose_networks(names: list[str]) -> list[cni.NetworkList]:
    """Those named, or all. Raises CNIError."""
    folder = network_folder()
    networks = [cni.load(name, folder) for name in names] if names else cni.load_all(folder)
    if not networks:
        print(f"{PROG}: no networks in {folder}, so there is only the loopback interface", file=sys.stderr)
    return networks


def run_attached(runtime: cni.Runtime, sandbox: Sandbox, steps: Sequence[Step], command: list[str]) -> int:
    """Attach, run, detach whatever happened; a detachment that fails is a failure."""
    cni.attach_all(runtime, steps, tell_undo(PROG))
    status = FAILED
    try:
        status = sandbox.run(command)
    finally:
        is_detached = detach_surely(runtime, steps)
    return status or (0 if is_detached else FAILED)


def detach_surely(runtime: cni.Runtime, steps: Sequence[Step]) -> bool:
    """Whether it succeeded. Not to be interrupted: each plugin has its timeout."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))
    try:
        cni.detach_all(runtime, steps)
    except (cni.CNIError, ExceptionGroup) as error:
        report(error, PROG)
        return False
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return True
