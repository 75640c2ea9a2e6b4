"""Which boot of the machine this is: leases do not outlive the containers they were made for."""

from __future__ import annotations

import time

from poplin.linux.atomicfile import read_file
from poplin.spec.record import Record

BOOT_ID = "/proc/sys/kernel/random/boot_id"


class Boot(Record):
    """The kernel's random name for this boot, and when it began in nanoseconds since 1970."""

    __slots__ = ("began", "id")

    def __init__(self, id: str, began: int) -> None:
        self.id = id
        self.began = began


def read_boot() -> Boot:
    """This boot. Its time is what /proc/stat calls btime, without the kernel counting interrupts for us."""
    name = read_file(BOOT_ID) or b"unknown"
    return Boot(name.decode().strip(), time.time_ns() - time.clock_gettime_ns(time.CLOCK_BOOTTIME))
