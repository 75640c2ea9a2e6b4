"""Tables of neighbours as a whole: limits and how full they are (RTM_GETNEIGHTBL, linux/neighbour.h).

ndtmsg  u8 family, 3 pad

The kernel tells of them in every network namespace; the switches under /proc are in the first one only.
"""

from __future__ import annotations

from poplin.linux.netlink import Request, Struct, unpack_attributes, unpack_text, unpack_u32
from poplin.spec.record import Record

RTM_GETNEIGHTBL = 66

NDTA_NAME = 1
NDTA_THRESH3 = 4
NDTA_CONFIG = 5
NDTA_STATS = 7

INFO = Struct("=Bxxx")
CONFIG = Struct("=HHI")  # ndt_config: key length, entry size, entries
STATS = Struct("=11Q")  # ndt_stats: the last is how often no neighbour could be made, as the table was full


class NeighbourTable(Record):
    """`arp_cache` or `ndisc_cache`: how many entries it may have, how many it has, how often it was full."""

    __slots__ = ("entries", "limit", "name", "overflows")

    def __init__(self, name: str, limit: int, entries: int, overflows: int = 0) -> None:
        self.name = name
        self.limit = limit
        self.entries = entries
        self.overflows = overflows


def list_tables() -> Request:
    """As `ip ntable show`."""
    return Request(RTM_GETNEIGHTBL, 0, INFO.pack(0), "ip ntable show")


def unpack_table(body: bytes) -> NeighbourTable | None:
    """The table in the body of an RTM_NEWNEIGHTBL; None for what is a link's parameters."""
    parts = unpack_attributes(body[INFO.size :])
    if NDTA_CONFIG not in parts:
        return None
    _, _, entries = CONFIG.unpack_from(parts[NDTA_CONFIG])
    stats = parts.get(NDTA_STATS, b"")
    overflows = STATS.unpack_from(stats)[-1] if len(stats) >= STATS.size else 0
    return NeighbourTable(unpack_text(parts[NDTA_NAME]), unpack_u32(parts.get(NDTA_THRESH3)), entries, overflows)
