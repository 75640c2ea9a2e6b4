"""The daemon's flags: the reference's names, with one dash or two, and times as Go writes them: `1m30s`, `500ms`."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence

from poplin.plugins.dhcp.protocol import SOCKET

UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
PART = rf"(\d+\.?\d*|\.\d+)({'|'.join(UNITS)})"
SHORTEST = 1e-3  # seconds; who asks more often than that does nothing else


def parse_flags(arguments: Sequence[str]) -> argparse.Namespace:
    """Raises SystemExit: 0 after help, 2 after a mistake."""
    parser = argparse.ArgumentParser(
        prog="dhcp daemon",
        description="Hold the leases of containers that have their addresses from a DHCP server.",
        allow_abbrev=False,
    )
    add_arguments(parser)
    return parser.parse_args(arguments)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Of `dhcp daemon` and `poplin dhcp daemon`."""

    def flag(name: str, **how: object) -> None:
        parser.add_argument(f"-{name}", f"--{name}", dest=name, **how)  # type: ignore[arg-type]

    flag("pidfile", metavar="PATH", default="", help="write our process id to this file, an absolute path")
    flag("hostprefix", metavar="PATH", default="", help="put this before the paths of the socket and of namespaces")
    flag("socketpath", metavar="PATH", default=SOCKET, help="where to listen (%(default)s)")
    flag("timeout", metavar="TIME", type=duration, default="10s", help="wait for a first answer (%(default)s)")
    flag("resendmax", metavar="TIME", type=duration, default="62s", help="the longest wait for an answer (%(default)s)")
    flag("resendtimeout", metavar="TIME", type=duration, default="208s", help="how long an ADD may ask (%(default)s)")
    flag("broadcast", metavar="BOOL", nargs="?", type=boolean, const=True, default=False, help="have servers broadcast")


def duration(text: str) -> float:
    """Seconds. Raises ArgumentTypeError."""
    if not re.fullmatch(rf"\+?({PART})+", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no time like 10s, 1m30s or 500ms")
    seconds = sum(float(number) * UNITS[unit] for number, unit in re.findall(PART, text))
    if seconds < SHORTEST:
        raise argparse.ArgumentTypeError(f"{text!r} is too short a time")
    return seconds


def boolean(text: str) -> bool:
    """As Go's flags take it. Raises ArgumentTypeError."""
    if text.lower() in ("1", "t", "true"):
        return True
    if text.lower() in ("0", "f", "false"):
        return False
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
