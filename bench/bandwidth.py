"""How well a limit is held: TCP through it in both directions, and how long an answer takes under that load.

Both implementations limit a container of their own to the same, and take turns. The seconds that count begin when the
burst has passed, and the bytes are those of TCP itself: of a frame of 1514 bytes it has 1448, which is 0.956. With the
burst of 2^32-1 bits, which containerd sends when nobody named one, only the waiting is compared: the reference limits
nothing then for as long as this takes.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from netlab import PATIENCE, Container, Host
from side import Side
from throughput import PORT, RECEIVER, listening, measure, sending

GATEWAY = "10.22.0.1"
MEGABITS = (10, 200)
TOLERANCE = 0.10
WAYS = ("ingress", "egress")
SKIPPED = 1.0  # seconds in which the burst passes and TCP finds its speed
BURST = 20  # the part of a second that passes at once, as 1/20
UNNAMED = 2**32 - 1  # what runtimes say for a burst that nobody named
PINGS = 20

Progress = Callable[[str, int, int], None]


class Held:
    """What was measured: bits a second over what was asked for, and milliseconds of an answer under load."""

    def __init__(self) -> None:
        self.rates: dict[str, dict[str, float]] = {}
        self.waits: dict[str, dict[str, float]] = {}

    @property
    def misses(self) -> list[str]:
        """Where Poplin is off by more than it may be."""
        return [
            f"{measure}: {rates['poplin']:.2f} of the rate"
            for measure, rates in self.rates.items()
            if abs(rates["poplin"] - 1) > TOLERANCE
        ]


def run(sides: list[Side], work: Path, progress: Progress, *, counted: float) -> Held:
    """Each rate, direction and side once, with a stream of so many seconds."""
    held = Held()
    cases = [(megabits, way) for megabits in MEGABITS for way in WAYS]
    for number, (megabits, way) in enumerate(cases):
        for side in sides:
            stream(side, work, held, megabits, way, counted)
        progress("limits", number, len(cases))
    return held


def stream(side: Side, work: Path, held: Held, megabits: int, way: str, counted: float) -> None:
    """One container of this side, limited in one direction; then another with a burst that nobody named."""
    rate, where = megabits * 10**6, f"{megabits} Mbit/s, {way}"
    leases = work / f"limits-{side.name}-{megabits}-{way}"
    with Stage(side, leases / "named", {f"{way}Rate": rate, f"{way}Burst": rate // BURST}) as stage:
        speed = measure(*stage.ends(way), skipped=SKIPPED, counted=counted)
        held.rates.setdefault(where, {})[side.name] = speed / rate
        held.waits.setdefault(where, {})[side.name] = stage.wait(way)
    with Stage(side, leases / "unnamed", {f"{way}Rate": rate, f"{way}Burst": UNNAMED}) as stage:
        held.waits.setdefault(f"{where}, burst of 2^32-1 bits", {})[side.name] = stage.wait(way)


class Stage:
    """A host with one limited container."""

    def __init__(self, side: Side, leases: Path, limits: dict[str, int]) -> None:
        self.side = side
        self.host = Host(f"{side.name[0]}limit", side.folder)
        self.container = self.host.add_container()
        ipam = {"type": "host-local", "subnet": "10.22.0.0/16", "dataDir": str(leases)}
        bridge = {"type": "bridge", "bridge": "cni0", "isGateway": True, "ipam": ipam}
        chain: list[dict[str, Any]] = [bridge, {"type": "bandwidth", "runtimeConfig": {"bandwidth": limits}}]
        chain = [{"cniVersion": "1.0.0", "name": "mynet", **conf} for conf in chain]
        _, result = side.add(self.host, chain, self.container)
        self.address = str(result["ips"][0]["address"]).partition("/")[0]

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *error: object) -> None:
        self.host.remove()

    def ends(self, way: str) -> tuple[Container, Container, str]:
        """Who sends, who receives, and the receiver's address."""
        if way == "ingress":
            return self.host, self.container, self.address
        return self.container, self.host, GATEWAY

    def wait(self, way: str) -> float:
        """Milliseconds that an echo takes on average, in the middle of a stream."""
        with ExitStack() as stack:
            sender, receiver, address = self.ends(way)
            stack.enter_context(listening(receiver, RECEIVER, address, str(PORT), "0", str(PATIENCE)))
            stack.enter_context(sending(sender, address))
            return ping(self.container)


def ping(container: Container) -> float:
    """The average of some echoes, without those of the beginning; what got lost has not been waited for."""
    command = ["nsenter", f"--net={container.path}", "ping", "-n", "-i", "0.1", "-c", str(PINGS), "-W", "5", GATEWAY]
    told = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False).stdout
    times = [float(each) for each in re.findall(r"time=([\d.]+) ms", told)][PINGS // 4 :]
    return sum(times) / len(times) if times else float("inf")


def table(held: Held) -> str:
    """Markdown: what part of the rate came through, and how long an answer took."""
    lines = ["| TCP after the burst, part of the rate | Poplin | reference | ratio |", "|---|---|---|---|"]
    for name, rates in held.rates.items():
        ours, theirs = rates["poplin"], rates["reference"]
        lines.append(f"| {name} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f} |")
    lines += ["", "| an echo during that stream, mean ms | Poplin | reference | ratio |", "|---|---|---|---|"]
    for name, waits in held.waits.items():
        ours, theirs = waits["poplin"], waits["reference"]
        lines.append(f"| {name} | {ours:.1f} | {theirs:.1f} | {ours / theirs:.2f} |")
    return "\n".join(lines)
