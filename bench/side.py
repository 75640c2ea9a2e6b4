"""One implementation under measurement: its executables, called as a runtime calls them, and what each call took."""

from __future__ import annotations

import json
import random
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netlab import Container, Host

from poplin.invoke.execute import execute

# Before each sample, of random length: removing a link waits for the kernel's timers, and a sample that always comes at
# the same moment after the last one rides on them.
LONGEST_PAUSE = 0.03
TRIES = 3
TOOLS = "/usr/sbin:/usr/bin:/sbin:/bin"  # where the reference finds iptables


@dataclass
class Side:
    """What each measure took, in milliseconds."""

    name: str
    folder: Path
    times: dict[str, list[float]] = field(default_factory=dict)

    def call(self, host: Host, command: str, conf: dict[str, Any], container: Container) -> tuple[float, Any]:
        """Run one plugin process on this host; milliseconds from spawn to exit, and what it answered."""
        environ = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": container.id,
            "CNI_NETNS": container.path,
            "CNI_IFNAME": "eth0",
            "CNI_PATH": str(self.folder),
            "PATH": TOOLS,
        }
        stdin = json.dumps(conf).encode()
        path = str(self.folder / conf["type"])
        with host.entered():
            start = time.perf_counter()
            output = execute(path, stdin, environ)
            took = time.perf_counter() - start
        return took * 1000, json.loads(output) if output else None

    def add(self, host: Host, chain: list[dict[str, Any]], container: Container) -> tuple[float, Any]:
        """ADD of a chain, each plugin given the result of the one before; the milliseconds of all, the last result."""
        total, result = 0.0, None
        for conf in chain:
            took, result = self.call(host, "ADD", {**conf, "prevResult": result} if result else conf, container)
            total += took
        return total, result

    def delete(self, host: Host, chain: list[dict[str, Any]], container: Container, result: Any) -> float:
        """DEL of a chain, backwards, each plugin given the result of ADD; the milliseconds of all."""
        return sum(self.call(host, "DEL", {**conf, "prevResult": result}, container)[0] for conf in reversed(chain))

    def keep(self, measure: str, took: float) -> None:
        """Count a sample."""
        self.times.setdefault(measure, []).append(took)

    def median(self, measure: str) -> float:
        """Milliseconds."""
        return statistics.median(self.times[measure])


def reaches(container: Container, address: str) -> bool:
    """Whether one of a few echo requests is answered: on a bridge of 400 ports a broadcast or two fill the kernel's
    backlog (net.core.netdev_max_backlog), and what comes next is lost, whoever attached the containers."""
    return any(container.pings(address) for _ in range(TRIES))


def pause() -> None:
    """Wait a little, and not always the same."""
    time.sleep(random.uniform(0, LONGEST_PAUSE))
