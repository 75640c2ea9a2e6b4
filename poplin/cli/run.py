"""Run a command in a network namespace of its own, attached to networks as eth0, eth1, ... in their order.

Without a NETWORK it is every one in NETCONFPATH, by file name. The loopback interface is always up. When the command
has ended it is detached and nothing stays; the exit status is the command's, or 128 and the number of its signal. If a
network says where names are looked up, the command has that in its /etc/resolv.conf.

Should poplin itself be killed, so is the command, and `poplin gc` removes what stays. What was just being attached
then is on no record: `poplin doctor` finds it, and `poplin gc` removes it from networks of cniVersion 1.1.0.

With --engine the command is a container, and what stands after `--` are the arguments of `docker run`, without its
options for networks: poplin run --engine docker mynet -- --rm busybox ifconfig
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager

import poplin.runtime as cni
from poplin.cli.add import tell_undo
from poplin.cli.failure import FAILED, USAGE, report
from poplin.cli.interruption import unwinding
from poplin.cli.resolver import resolv_conf
from poplin.cli.settings import DEFAULT_IFNAME, add_call_arguments, make_attachment, make_runtime, network_folder
from poplin.cli.steps import name_interfaces, plan
from poplin.cli.wishes import add_wishes
from poplin.runtime.sandbox import Sandbox
from poplin.runtime.together import Step
from poplin.spec.names import check_container_id

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.cli.engine import EngineSandbox

PROG = "poplin run"
NO_COMMAND = "no command; write it after `--`: poplin run mynet -- ip addr"
NO_CONTAINER = "no container; write what `docker run` takes after `--`, an image at least: --rm busybox ip addr"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin run`; the command after `--` is cut off before."""
    parser.usage = "poplin run [OPTIONS] [NETWORK ...] -- COMMAND [ARGUMENT ...]"
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="default: every one in NETCONFPATH")
    parser.add_argument("--engine", metavar="ENGINE", help="docker or podman, or the path of either: run a container")
    parser.add_argument("--container-id", metavar="ID", default="", help="default: one that is not in use")
    add_wishes(parser)
    add_call_arguments(parser)


@unwinding()
def run(options: argparse.Namespace) -> int:
    """`poplin run`."""
    if mistake := find_mistake(options):
        print(f"{PROG}: {mistake}", file=sys.stderr)
        return USAGE
    networks = choose_networks(options.networks)
    runtime = make_runtime(options.timeout)
    container_id = options.container_id or f"run-{os.urandom(6).hex()}"
    check_container_id(container_id)  # before it becomes a name of the engine's
    with open_sandbox(options.engine, container_id) as sandbox:
        first = make_attachment(sandbox.netns, DEFAULT_IFNAME, container_id)
        steps = plan(networks, first, name_interfaces(networks, first.ifname), options)
        return run_attached(runtime, sandbox, steps, container_id, options.command)


def find_mistake(options: argparse.Namespace) -> str | None:
    """In what stands after `--`."""
    if not options.command or not options.command[0]:
        return NO_CONTAINER if options.engine else NO_COMMAND
    if options.engine is None:
        return None
    from poplin.cli.engine_options import find_refusal  # which other runs can do without

    return find_refusal(options.command)


def open_sandbox(engine: str | None, container_id: str) -> AbstractContextManager[Sandbox | EngineSandbox]:
    """A network namespace, and how a command gets into it."""
    if engine is None:
        return Sandbox()
    from poplin.cli.engine import engine_sandbox  # which other runs can do without

    return engine_sandbox(engine, container_id)


def choose_networks(names: list[str]) -> list[cni.NetworkList]:
    """Those named, or all. Raises CNIError."""
    folder = network_folder()
    networks = [cni.load(name, folder) for name in names] if names else cni.load_all(folder)
    if not networks:
        print(f"{PROG}: no networks in {folder}, so there is only the loopback interface", file=sys.stderr)
    return networks


def run_attached(
    runtime: cni.Runtime,
    sandbox: Sandbox | EngineSandbox,
    steps: Sequence[Step],
    container_id: str,
    command: list[str],
) -> int:
    """Attach, run, detach whatever happened; a detachment that fails is a failure."""
    results = cni.attach_all(runtime, steps, tell_undo(PROG))
    status = FAILED
    try:
        with resolv_conf(runtime.cache.folder, container_id, results) as path:
            status = sandbox.run(command, path)
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
