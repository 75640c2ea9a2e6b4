"""The chain of a container engine, bridge + portmap + firewall + tuning with one port, beside so many like that."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from nat import PORT, WARM_UP, Progress, Stage, portmap
from side import Side

NAME = "bridge + portmap + firewall + tuning, one port"
HEAD = {"cniVersion": "1.0.0", "name": "mynet"}
# What engines write: a firewall without fields, and tuning of what a container's socket may queue.
REST: list[dict[str, Any]] = [
    {**HEAD, "type": "firewall"},
    {**HEAD, "type": "tuning", "sysctl": {"net.core.somaxconn": "500"}},
]


def measure(sides: list[Side], work: Path, beside: int, runs: int, progress: Progress) -> None:
    """ADD and DEL of one container, on a host for each implementation."""
    with ExitStack() as stack:
        stages = [Stage(side, work / f"chain-{side.name}-{beside}", beside, stack, progress, REST) for side in sides]
        for run in range(-WARM_UP, runs):
            for stage in stages:
                stage.sample(NAME, [stage.bridge, portmap(PORT), *REST], is_counted=run >= 0)
            progress(f"chains beside {beside} containers", run, runs)
