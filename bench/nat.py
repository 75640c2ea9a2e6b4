"""Masquerade and published ports: a host for each implementation, with so many containers beside the measured one.

A sample counts only if its container then reaches its gateway and a machine beyond the host, which sees the host, and
that machine reaches the published port.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from netlab import Host
from side import Side, pause, reaches
from traffic import add_outside, call, serving

GATEWAY = "10.22.0.1"
OUTSIDE, HOST = "192.0.2.2", "192.0.2.1"
PORT = 8080
FIRST_PORT = 10000  # of the containers beside the measured one
WARM_UP = 2  # rounds that do not count

Progress = Callable[[str, int, int], None]


def network(leases: Path, *, masquerade: bool = True) -> dict[str, Any]:
    """The documents' network, in a lease folder of its own."""
    ipam = {"type": "host-local", "subnet": "10.22.0.0/16", "routes": [{"dst": "0.0.0.0/0"}], "dataDir": str(leases)}
    conf = {"cniVersion": "1.0.0", "name": "mynet", "type": "bridge", "bridge": "cni0", "isGateway": True}
    return {**conf, "ipMasq": masquerade, "ipam": ipam}


def portmap(port: int) -> dict[str, Any]:
    """One published port, which leads to the container's port 80."""
    ports = [{"hostPort": port, "containerPort": 80, "protocol": "tcp"}]
    return {"cniVersion": "1.0.0", "name": "mynet", "type": "portmap", "runtimeConfig": {"portMappings": ports}}


def measure(sides: list[Side], work: Path, beside: int, runs: int, progress: Progress) -> None:
    """ADD and DEL of one masqueraded container, then of one that publishes a port too, beside so many like that."""
    with ExitStack() as stack:
        stages = [Stage(side, work / f"nat-{side.name}-{beside}", beside, stack, progress) for side in sides]
        for run in range(-WARM_UP, runs):
            for stage in stages:
                stage.sample("bridge + host-local + ipMasq", [stage.bridge], is_counted=run >= 0)
            for stage in stages:
                stage.sample("the same + portmap, one port", [stage.bridge, portmap(PORT)], is_counted=run >= 0)
            progress(f"beside {beside} containers", run, runs)


class Stage:
    """One implementation's host, with its containers; `rest` is what their chains have after portmap."""

    def __init__(
        self,
        side: Side,
        leases: Path,
        beside: int,
        stack: ExitStack,
        progress: Progress,
        rest: Sequence[dict[str, Any]] = (),
    ) -> None:
        self.side = side
        self.beside = beside
        self.bridge = network(leases)
        self.host = Host(f"{side.name[0]}nat{beside}", side.folder)
        stack.callback(self.host.remove)
        self.outside = add_outside(self.host)
        for number in range(beside):
            chain = [self.bridge, portmap(FIRST_PORT + number), *rest]
            self.side.add(self.host, chain, self.host.add_container())
            progress(f"{side.name}: filling the host", number, beside)
        self.container = self.host.add_container()
        stack.enter_context(serving(self.outside, 80))

    def sample(self, what: str, chain: list[dict[str, Any]], *, is_counted: bool) -> None:
        """One ADD and one DEL; worthless unless everything worked in between."""
        pause()
        added, result = self.side.add(self.host, chain, self.container)
        self.verify(len(chain) > 1)
        pause()
        deleted = self.side.delete(self.host, chain, self.container, result)
        for verb, took in (("ADD", added), ("DEL", deleted)) if is_counted else ():
            self.side.keep(f"{what}, {verb}, {self.beside} containers", took)

    def verify(self, is_published: bool) -> None:
        """The gateway answers, the outside sees the host, and reaches the port. Raises SystemExit."""
        reached = reaches(self.container, GATEWAY), call(self.container, OUTSIDE, 80)
        if reached != (True, HOST):
            raise SystemExit(f"{self.side.name}: gateway and outside answered {reached}, the sample is worthless")
        if is_published:
            with serving(self.container, 80):
                if call(self.outside, HOST, PORT) != OUTSIDE:
                    raise SystemExit(f"{self.side.name}: the published port does not answer, the sample is worthless")
