"""Benchmark: container engines with our plugins and with the reference's, in one interleaved run.

A sample is a container of podman, from `run` to `rm`, or a sandbox of containerd's CRI, started and stopped, on a
network as engines write it. It counts only if a machine beyond the host reached its published port in between. Beside
the whole stands the part that plugins take of it, and the same without a network, which is the engine's own.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tests"), str(CHECKOUT)]

import report  # noqa: E402
from cri_client import CriClient  # noqa: E402
from netlab import PRIVATE, REFERENCE, Host, enter_private_mounts  # noqa: E402
from one_shot import install, progress, show  # noqa: E402
from podman_client import PodmanClient  # noqa: E402
from side import pause  # noqa: E402
from spans import Spans  # noqa: E402
from traffic import add_outside, call  # noqa: E402

SIDES = ("poplin", "reference")
ENGINES = {"podman run + rm": PodmanClient, "CRI sandbox, start + stop": CriClient}
PLACES = (
    *("/run/containers", "/run/libpod", "/run/runc", "/var/lib/containers", "/dev/shm"),
    *("/run/containerd", "/var/lib/containerd", "/run/poplin", "/var/lib/poplin"),
)
CHAIN = (
    {"type": "portmap", "capabilities": {"portMappings": True}},
    {"type": "firewall"},
    {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}},
)
WARM_UP = 2  # rounds that do not count
PATIENCE = 30  # seconds for a container to serve
BAR = 0.6  # of the reference's time in plugins
WHOLE, OWN, NETWORK = "whole", "without a network", "network part"


class Client(Protocol):
    """An engine on a host."""

    def start(self, *, is_attached: bool) -> str:
        """A container, with a published port if it is attached; its id."""

    def stop(self, container: str) -> None:
        """End what counts of it."""

    def forget(self, container: str) -> None:
        """The rest."""

    def remove(self) -> None:
        """All the engine has."""


@dataclass
class Stage:
    """One engine with one side's plugins, on a host of its own."""

    engine: str
    side: str
    spans: Spans
    host: Host
    client: Client
    times: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.outside = add_outside(self.host)

    def sample(self, *, is_attached: bool, is_counted: bool) -> None:
        """One container; worthless unless it is reached."""
        self.spans.clear()
        pause()
        begin = time.perf_counter()
        container = self.client.start(is_attached=is_attached)
        took = time.perf_counter() - begin
        if is_attached:
            self.require_reachable()
        pause()
        begin = time.perf_counter()
        self.client.stop(container)
        took += time.perf_counter() - begin
        if is_attached:
            self.spans.wait_for(2 * (len(CHAIN) + 1))
        in_plugins = self.spans.total()
        self.client.forget(container)
        if is_counted:
            measured = {WHOLE: took * 1000, NETWORK: in_plugins} if is_attached else {OWN: took * 1000}
            for name, value in measured.items():
                self.times.setdefault(name, []).append(value)

    def require_reachable(self) -> None:
        """By its published port, from beyond the host, once it serves."""
        deadline = time.monotonic() + PATIENCE
        while call(self.outside, "192.0.2.1", 8080) is None:
            if time.monotonic() > deadline:
                raise SystemExit(f"{self.engine}, {self.side}: nobody reaches the container, the sample is worthless")

    def median(self, name: str) -> float:
        """Milliseconds."""
        return statistics.median(self.times[name])

    def remove(self) -> None:
        """All of it."""
        self.client.remove()
        self.host.remove()


def make_stage(engine: str, side: str, plugins: Path, work: Path) -> Stage:
    """An engine on a fresh host with one network."""
    folder = work / f"{ENGINES[engine].__name__}-{side}"
    spans = Spans(plugins, folder)
    host = Host(f"bench-{len(list(work.iterdir()))}", plugins)
    networks = folder / "net.d"
    networks.mkdir()
    ipam = {"type": "host-local", "subnet": "10.77.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]}
    bridge = {"type": "bridge", "bridge": "cni7", "isGateway": True, "hairpinMode": True, "ipMasq": True, "ipam": ipam}
    network = {"cniVersion": "1.0.0", "name": f"{side}-net", "plugins": [bridge, *CHAIN]}
    (networks / "10.conflist").write_text(json.dumps(network))
    return Stage(engine, side, spans, host, ENGINES[engine](host, spans.folder, networks, folder))


def measure(stages: Sequence[Stage], runs: int) -> None:
    """All of them in each round, in any order."""
    samples = [(stage, is_attached) for stage in stages for is_attached in (True, False)]
    for run in range(-WARM_UP, runs):
        for stage, is_attached in random.sample(samples, len(samples)):
            stage.sample(is_attached=is_attached, is_counted=run >= 0)
        progress("containers", run, runs)


def table(stages: Sequence[Stage]) -> str:
    """Markdown: each engine's medians and ratio."""
    lines = ["| median ms | Poplin | reference | ratio |", "|---|---|---|---|"]
    for engine in ENGINES:
        ours, theirs = (next(each for each in stages if (each.engine, each.side) == (engine, side)) for side in SIDES)
        for name in (WHOLE, OWN, NETWORK):
            first, second = ours.median(name), theirs.median(name)
            lines.append(f"| {engine}, {name} | {show(first)} | {show(second)} | {first / second:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and with --write keep the table in docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="bench --clients", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20, help="containers of each kind (default 20)")
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument("--json", action="store_true", help="print medians as JSON")
    options = parser.parse_args()
    enter_private_mounts((*PRIVATE, *PLACES))
    stages: list[Stage] = []
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        plugins = dict(zip(SIDES, (install(work / "installed", "launcher"), REFERENCE), strict=True))
        try:
            for engine in ENGINES:
                for side in SIDES:
                    stages.append(make_stage(engine, side, plugins[side], work))
            measure(stages, options.runs)
        finally:
            for stage in stages:
                stage.remove()
    if options.json:
        engines = {
            engine: {s.side: {m: round(s.median(m), 1) for m in s.times} for s in stages if s.engine == engine}
            for engine in ENGINES
        }
        print(json.dumps({"version": 1, "runs": options.runs, "bar": BAR, "engines": engines}))
    else:
        print(table(stages))
        if options.write:
            report.write("clients", table(stages), f"{options.runs} runs")


if __name__ == "__main__":
    main()
