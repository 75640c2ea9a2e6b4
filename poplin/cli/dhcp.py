"""Hold the leases of containers that have their addresses from a DHCP server.

The plugin dhcp asks this daemon for an address; it renews the lease for as long as the container is attached, puts a
changed address on the container's interface, and gives it back by DEL. Leases survive its restart. The flags are those
of the reference's `dhcp daemon`, which ours can also be called as.
"""

from __future__ import annotations

import argparse

from poplin.dhcp.flags import add_arguments as add_flags


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `poplin dhcp`."""
    parser.add_argument("program", choices=["daemon"], help="run it until SIGTERM or SIGINT")
    add_flags(parser)


def run(options: argparse.Namespace) -> int:
    """`poplin dhcp daemon`."""
    from poplin.dhcp.daemon import run_with

    return run_with(options)
