"""Remove what containers that are gone left on a network: links, addresses, leases, results on record.

A container is gone when the namespace it was attached with is; where no namespace is on record, only --all removes.
"""

from __future__ import annotations

import argparse

from poplin.cli.settings import add_call_arguments, make_runtime, network_folder
from poplin.linux.kernel import Kernel
from poplin.runtime.attachment import Attachment
from poplin.runtime.caller import Runtime
from poplin.runtime.gc import collect_garbage, list_stale
from poplin.runtime.liveness import is_alive, locate
from poplin.runtime.networks import get_network
from poplin.spec.jsontext import dumps
from poplin.spec.netlist import NetworkList


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin gc`."""
    parser.add_argument("network", metavar="NETWORK", help="the name in the configuration")
    parser.add_argument("--all", action="store_true", help="remove every attachment of the network, alive or not")
    parser.add_argument("--dry-run", action="store_true", help="say what would be removed, and remove nothing")
    parser.add_argument(
        "--json",
        action="store_true",
        help='{"version": 1, "network", "dryRun", "removed": [{containerID, ifname, netns}]}',
    )
    add_call_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin gc`."""
    network = get_network(network_folder(), options.network)
    runtime = make_runtime(options.timeout)
    if network.disable_gc:
        show(options, network, [], "disableGC is set, nothing is removed")
        return 0
    kernel = Kernel()

    def find_valid() -> set[tuple[str, str]]:
        return set() if options.all else list_alive(runtime, network, kernel)

    if options.dry_run:
        stale = list_stale(runtime, network, find_valid())
    else:
        stale = collect_garbage(runtime, network, find_valid, everything=options.all)
    show(options, network, stale)
    return 0


def list_alive(runtime: Runtime, network: NetworkList, kernel: Kernel) -> set[tuple[str, str]]:
    """The attachments on record whose namespace is there, and those of which nobody can tell."""
    entries = [locate(entry) for entry in runtime.cache.list_entries() if entry.network == network.name]
    places = {entry.attachment.identity: entry.attachment.netns for entry in entries}
    return {identity for identity, netns in places.items() if not netns or is_alive(kernel, netns)}


def show(options: argparse.Namespace, network: NetworkList, stale: list[Attachment], note: str = "") -> None:
    """What was removed, or would be."""
    if options.json:
        removed = [{"containerID": item.container_id, "ifname": item.ifname, "netns": item.netns} for item in stale]
        print(dumps({"version": 1, "network": network.name, "dryRun": options.dry_run, "removed": removed}, 2))
        return
    done = "would remove" if options.dry_run else "removed"
    for item in stale:
        print(f"{network.name}: {done} {item.container_id} {item.ifname} ({item.netns or 'no namespace recorded'})")
    if not stale:
        print(f"{network.name}: {note or 'nothing to remove'}")
