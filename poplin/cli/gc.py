"""Remove what containers that are gone left on a network: links, addresses, leases, results on record.

A container is gone when the namespace it was attached with is; where no namespace is on record, only --all removes.
Without a NETWORK it is every one in NETCONFPATH. A failure with one network, or a file that does not parse, does not
keep others from being cleaned.

--json prints {"version": 1, "dryRun", "networks": [{"network", "disabled", "removed": [{"containerID", "ifname",
"netns"}], "steps": [{"plugin", "line", "content"?}], "errors": [{"code", "msg", "details"?, "step"?,
"plugin"?, "network"?}]}], "unread": [{"code", "msg", "details"?}]}; the steps are those of --dry-run.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

import poplin.runtime as cni
from poplin.cli.failure import FAILED, USAGE, as_object, flatten, report
from poplin.cli.plan import format_lines, format_objects
from poplin.cli.settings import add_call_arguments, make_runtime, network_folder
from poplin.linux.kernel import Kernel
from poplin.preview.step import Step
from poplin.runtime.gc import Identity, list_stale
from poplin.runtime.liveness import is_alive, locate
from poplin.spec.jsontext import dumps

PROG = "poplin gc"


@dataclass
class Collected:
    """What became of one network's garbage."""

    network: cni.NetworkList
    removed: Sequence[cni.Attachment] = ()
    plan: Sequence[Step] = ()
    errors: list[Exception] = field(default_factory=list)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin gc`."""
    parser.add_argument("networks", metavar="NETWORK", nargs="*", help="the name in the configuration; default: all")
    parser.add_argument("--all", action="store_true", help="remove every attachment of the networks, alive or not")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    parser.add_argument("--json", action="store_true", help="for programs")
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin gc`."""
    if options.all and not options.networks:
        print(f"{PROG}: --all removes what is in use, too; name the networks it is meant for", file=sys.stderr)
        return USAGE
    unread: list[cni.CNIError] = []
    folder, names = network_folder(), options.networks
    networks = [cni.load(name, folder) for name in names] if names else cni.load_all(folder, unread.append)
    runtime, kernel = make_runtime(options.timeout), Kernel()
    collected = [collect(runtime, kernel, network, options) for network in networks]
    if options.json:
        objects = [format_collected(each) for each in collected]
        left_out = [as_object(error) for error in unread]
        print(dumps({"version": 1, "dryRun": options.dry_run, "networks": objects, "unread": left_out}, 2))
    else:
        for each in collected:
            tell(each, "would remove" if options.dry_run else "removed")
    for error in unread:
        report(error, PROG)
    return FAILED if unread or any(each.errors for each in collected) else 0


def collect(runtime: cni.Runtime, kernel: Kernel, network: cni.NetworkList, options: argparse.Namespace) -> Collected:
    """One network, or with --dry-run what would be done."""

    def find_valid() -> set[Identity]:
        return set() if options.all else list_alive(runtime, network, kernel)

    try:
        if options.dry_run:
            return foresee(runtime, network, find_valid())
        return Collected(network, cni.gc(runtime, network, find_valid, everything=options.all))
    except (cni.CNIError, ExceptionGroup) as error:
        return Collected(network, errors=flatten(error))


def foresee(runtime: cni.Runtime, network: cni.NetworkList, valid: set[Identity]) -> Collected:
    """What would be removed, and how. Raises CNIError."""
    from poplin.preview.plan import preview_gc  # much to import that no other run needs

    stale = [] if network.disable_gc else list_stale(runtime, network, valid)
    return Collected(network, stale, preview_gc(runtime, network, valid).steps)


def list_alive(runtime: cni.Runtime, network: cni.NetworkList, kernel: Kernel) -> set[Identity]:
    """The attachments on record whose namespace is there, and those of which nobody can tell."""
    entries = [locate(entry) for entry in runtime.cache.list_entries() if entry.network == network.name]
    places = {entry.attachment.identity: entry.attachment.netns for entry in entries}
    return {identity for identity, netns in places.items() if not netns or is_alive(kernel, netns)}


# Telling.


def tell(collected: Collected, done: str) -> None:
    """Lines for people."""
    name = collected.network.name
    for item in collected.removed:
        print(f"{name}: {done} {item.container_id} {item.ifname} ({item.netns or 'no namespace recorded'})")
    if collected.plan:
        print("\n".join(format_lines(name, collected.plan)))
    for error in collected.errors:
        report(error, PROG)
    if not (collected.removed or collected.plan or collected.errors):
        is_off = collected.network.disable_gc
        print(f"{name}: {'disableGC is set, nothing is removed' if is_off else 'nothing to remove'}")


def format_collected(collected: Collected) -> dict[str, object]:
    """One network for --json."""
    return {
        "network": collected.network.name,
        "disabled": collected.network.disable_gc,
        "removed": [
            {"containerID": item.container_id, "ifname": item.ifname, "netns": item.netns} for item in collected.removed
        ],
        "steps": format_objects(collected.plan),
        "errors": [as_object(error) for error in collected.errors],
    }
