"""Room in the neighbour table: when it is full, packets to containers are dropped, now of this one, now of that.

The table is one for all network namespaces, and so are its limits. A container takes an entry on its host, and each
address it talks to takes one in its own namespace.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from poplin.doctor.finding import ERROR, WARNING, Finding, command
from poplin.doctor.place import Place
from poplin.linux.wire.neightbl import NeighbourTable, list_tables, unpack_table

FULL = 0.75  # of the limit: then it is time
FAMILIES = {4: "ipv4", 6: "ipv6"}
TABLES = {"arp_cache": 4, "ndisc_cache": 6}
SMALLEST = 4096


@dataclass(frozen=True)
class Crowd:
    """How many there are, and how many there could be, of one IP version."""

    table: NeighbourTable
    attached: int
    capacity: int


def examine(place: Place) -> Iterator[Finding]:
    """Tables that are nearly full, or would be if every container spoke at once."""
    bodies = place.see_all(place.host.rtnl.socket.dump, list_tables())
    # Where there are many links the kernel repeats a table with every part of its answer.
    tables = {table.name: table for table in map(unpack_table, bodies) if table}
    for name, table in tables.items():
        version = TABLES.get(name)
        if version:
            yield from judge(count(place, table, version), version)


def count(place: Place, table: NeighbourTable, version: int) -> Crowd:
    """Addresses of containers that are attached, and those that networks could give."""
    texts = [address.text for item in place.alive for address in item.addresses]
    attached = sum((6 if ":" in text else 4) == version for text in texts)
    ranges = [each for configured in place.networks for each in configured.ranges if each.start.version == version]
    return Crowd(table, attached, sum(each.size for each in ranges))


def judge(crowd: Crowd, version: int) -> Iterator[Finding]:
    """Whether they fit."""
    table = crowd.table
    most = max(table.entries, crowd.attached)
    if most < FULL * table.limit:
        return
    name = f"IPv{version}"
    evidence = (
        f"{table.name}: gc_thresh3 {table.limit}, {table.entries} entries, {table.overflows} times full since boot",
        f"records: {crowd.attached} {name} addresses are attached",
        f"networks: they can give {crowd.capacity} {name} addresses",
    )
    is_over = most > table.limit
    text = f"the neighbour table for {name} has room for {table.limit}, and there are {most} neighbours"
    yield Finding(ERROR if is_over else WARNING, text, evidence, set_limits(version, most, crowd.capacity))


def set_limits(version: int, most: int, capacity: int) -> str:
    """The line that makes room: for twice as many as there are, or all that networks give if that is not far more."""
    limit = SMALLEST
    while limit < max(2 * most, min(capacity, 8 * most)):
        limit *= 2
    prefix = f"net.{FAMILIES[version]}.neigh.default.gc_thresh"
    return command("sysctl", "-w", f"{prefix}1={limit // 4}", f"{prefix}2={limit // 2}", f"{prefix}3={limit}")
