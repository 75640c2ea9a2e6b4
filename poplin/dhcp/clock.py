"""Time as leases count it: seconds since boot, CLOCK_BOOTTIME, which a new daemon counts on and no one can set."""

from __future__ import annotations

import time
from math import inf


def now() -> float:
    """This moment."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def as_date(moment: float) -> str:
    """`2026-11-21T23:59:59Z`, for people."""
    if moment == inf:
        return "for ever"
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + moment - now()))
