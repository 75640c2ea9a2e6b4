"""How ADD grows with the containers on one bridge, and how much of that is the kernel's own growth.

The kernel's own is making a pair, joining it to the bridge and setting it up, by netlink and nothing else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from nat import GATEWAY, network
from netlab import Container, Host
from side import Side, pause, reaches

from poplin.linux.netns import Namespace
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth

Progress = Callable[[str, int, int], None]


def measure(side: Side, work: Path, counts: tuple[int, ...], runs: int, progress: Progress) -> None:
    """Fill one bridge up to each count, and sample there."""
    host = Host("growth", side.folder)
    conf = network(work / "growth")
    container = host.add_container()
    try:
        for count in counts:
            for number in range(len(host.containers) - 1, count):
                side.add(host, [conf], host.add_container())
                progress("filling the bridge", number, count)
            for _ in range(runs):
                pause()
                took, result = side.add(host, [conf], container)
                if not reaches(container, GATEWAY):
                    raise SystemExit("the container does not reach its gateway, the sample is worthless")
                side.delete(host, [conf], container, result)
                side.keep(f"ADD at {count}", took)
                pause()
                side.keep(f"kernel at {count}", join_by_hand(host, container))
    finally:
        host.remove()


def join_by_hand(host: Host, container: Container) -> float:
    """Milliseconds the kernel takes for a pair, a port and both ends up."""
    with Namespace(host.path) as outside, Namespace(container.path) as inside:
        bridge = outside.rtnl.get_link("cni0")
        start = time.perf_counter()
        outside.rtnl.apply(add_veth("byhand", "eth0", inside.fd))
        outside.rtnl.apply(set_link("byhand", master=bridge.index, up=True))
        inside.rtnl.apply(set_link("eth0", up=True))
        took = time.perf_counter() - start
        outside.rtnl.remove_link("byhand")
    return took * 1000


def growth(side: Side, counts: tuple[int, ...]) -> tuple[float, float]:
    """ADD's, and the kernel's own, from the first count to the last."""
    first, last = counts[0], counts[-1]
    return (
        side.median(f"ADD at {last}") / side.median(f"ADD at {first}"),
        side.median(f"kernel at {last}") / side.median(f"kernel at {first}"),
    )
