"""macvlan with addresses from files and from a DHCP server: ADD and DEL, both implementations in turns.

The server is dnsmasq in a namespace of its own, at the other end of the master. Each side has a daemon of its own make.
"""

from __future__ import annotations

import random
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from dhcp_lab import SERVER, dnsmasq, wait_until
from matrix_lab import Lan
from netlab import PATIENCE, Container, Host
from side import Side, pause, reaches

KINDS = ("host-local", "dhcp")


def measure(sides: list[Side], work: Path, runs: int, progress: Callable[[str, int, int], None]) -> None:
    """Fill the sides' measures."""
    host = Host("upper", sides[0].folder)
    work.mkdir()
    with ExitStack() as stack:
        stack.callback(host.remove)
        lan = Lan(host, work)
        stack.enter_context(dnsmasq(lan.server, work, "192.168.1.5", "192.168.1.50"))  # type: ignore[arg-type]
        for side in sides:
            stack.enter_context(daemon(side, host, work))
        for run in range(-1, runs):
            for kind in KINDS:
                for side in random.sample(sides, len(sides)):
                    once(side, host, lan, kind, is_counted=run >= 0)
            progress("macvlan", run, runs)


@contextmanager
def daemon(side: Side, host: Host, work: Path) -> Iterator[None]:
    """The side's own, at a socket of its own."""
    path = find_socket(side, work)
    command = ["nsenter", f"--net={host.path}", str(side.folder / "dhcp"), "daemon", "-socketpath", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(path.exists, f"{side.name}'s DHCP daemon listens")
        yield
    finally:
        process.terminate()
        process.wait(PATIENCE)


def find_socket(side: Side, work: Path) -> Path:
    """Where its daemon listens."""
    return work / f"{side.name}.sock"


def once(side: Side, host: Host, lan: Lan, kind: str, *, is_counted: bool) -> None:
    """One sample of each; worthless unless the container reaches the server in between."""
    conf: dict[str, Any] = {"cniVersion": "1.0.0", "name": "mynet", "type": "macvlan", "master": "up0"}
    conf["ipam"] = lan.make_ipam(kind)
    if kind == "dhcp":
        conf["ipam"]["daemonSocketPath"] = str(find_socket(side, lan.folder))
    container = Container("bench")
    try:
        pause()
        added, result = side.add(host, [conf], container)
        if not reaches(container, SERVER):
            raise SystemExit(f"{side.name}: the container does not reach {SERVER}, the sample is worthless")
        pause()
        deleted = side.delete(host, [conf], container, result)
    finally:
        container.remove()
    for verb, took in (("ADD", added), ("DEL", deleted)) if is_counted else ():
        side.keep(f"macvlan + {kind}, {verb}", took)
