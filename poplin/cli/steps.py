"""NETWORK ... NETNS of the command line as steps: each network with its interface, eth0, eth1 and so on."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace

from poplin.cli.settings import add_call_arguments, make_attachment, network_folder
from poplin.cli.values import namespace
from poplin.cli.wishes import add_wishes, grant
from poplin.runtime import Attachment, NetworkList, load
from poplin.runtime.together import Step

LOOPBACK = "loopback"
DIGITS = "0123456789"


def add_attachment_arguments(parser: argparse.ArgumentParser) -> None:
    """Of every verb about attachments."""
    parser.add_argument("networks", metavar="NETWORK", nargs="+", help="the name in the configuration; may be several")
    parser.add_argument(
        "netns", metavar="NETNS", type=namespace, help="path of the network namespace, as /run/netns/blue"
    )
    parser.add_argument(
        "-i", "--ifname", help="name of the interface in the container (CNI_IFNAME, eth0); of several, the first one's"
    )
    parser.add_argument("--container-id", metavar="ID", default="", help="default: derived from the path of NETNS")
    add_wishes(parser)
    add_call_arguments(parser)


def add_dry_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Of verbs that can tell before they do."""
    parser.add_argument("--dry-run", action="store_true", help="print what would be done, and do nothing")
    parser.add_argument("--json", action="store_true", help="the plan for programs; failures too")


def make_steps(options: argparse.Namespace) -> list[Step]:
    """What the command line names. Raises CNIError."""
    networks = [load(name, network_folder()) for name in options.networks]
    first = make_attachment(options.netns, options.ifname, options.container_id)
    # One alone is called as the reference's tool calls it, so that either finds what the other made.
    names = name_interfaces(networks, first.ifname) if len(networks) > 1 else [first.ifname]
    return plan(networks, first, names, options)


def plan(
    networks: Sequence[NetworkList], first: Attachment, names: Sequence[str], wishes: argparse.Namespace
) -> list[Step]:
    """Each network with an attachment like the first and a name of its own."""
    attachments = [replace(first, ifname=name) for name in names]
    return list(zip(networks, grant(networks, attachments, wishes), strict=True))


def name_interfaces(networks: Sequence[NetworkList], first: str) -> list[str]:
    """`eth0`, `eth1`, ...; a loopback network is always `lo` and takes no number."""
    base = first.rstrip(DIGITS)
    number = int(first[len(base) :] or 0)
    names: list[str] = []
    for network in networks:
        if all(plugin.type == LOOPBACK for plugin in network.plugins):
            names.append("lo")
            continue
        names.append(first if base not in {name.rstrip(DIGITS) for name in names} else f"{base}{number}")
        number += 1
    return names
