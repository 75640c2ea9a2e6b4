"""Token buckets: so many bytes a second, so many at once, and a queue for what must wait.

tc_ratespec   u8 cell_log, u8 linklayer, u16 overhead, s16 cell_align, u16 mpu, u32 rate      linux/pkt_sched.h

The kernel measures a bucket in the time it takes to fill it, in ticks of 64 ns on every kernel there is; what the
kernel itself says of them is in /proc/net/psched.
"""

from __future__ import annotations

from poplin.linux.netlink import Struct
from poplin.spec.record import Record

TC_LINKLAYER_ETHERNET = 1
RATE = Struct("=BBHhHI")
RATE64 = Struct("=Q")
LARGEST = (1 << 32) - 1  # that has room in the kernel's messages: ticks, bytes of a queue, bytes a second
USUAL_TICKS = (125, 8)  # a microsecond has 15.625
LEAST_DIFFERENCE = 100  # a hundredth: tc(8) rounds the bucket otherwise than we, but not by that much
MICROSECONDS = 10**6


class Bucket(Record):
    """`rate` in bytes a second; what passes at once as `burst` in bytes and as `buffer` in ticks; `limit` is the queue
    in bytes."""

    __slots__ = ("buffer", "burst", "limit", "rate")

    def __init__(self, rate: int, burst: int, buffer: int, limit: int) -> None:
        self.rate = rate
        self.burst = burst
        self.buffer = buffer
        self.limit = limit

    def is_like(self, other: Bucket) -> bool:
        """Whether both do the same."""
        is_near = abs(self.buffer - other.buffer) * LEAST_DIFFERENCE <= max(self.buffer, other.buffer)
        return is_near and (self.rate, self.limit) == (other.rate, other.limit)

    def __str__(self) -> str:
        return f"{self.rate} bytes/s, {self.burst} bytes at once, a queue of {self.limit} bytes"


def make_bucket(rate: int, burst: int, latency: int, ticks: tuple[int, int] = USUAL_TICKS) -> Bucket:
    """The bucket in which nothing waits longer than for the bucket to fill and `latency`, in microseconds. It is
    rounded as the reference does, and ends where the kernel's numbers end: with 274 s of the rate."""
    numerator, denominator = ticks
    burst = min(burst, LARGEST * denominator // numerator * rate // MICROSECONDS)
    buffer, limit = measure(rate, burst, latency, ticks)
    return Bucket(rate, burst, buffer, min(limit, LARGEST))


def measure(rate: int, burst: int, latency: int, ticks: tuple[int, int]) -> tuple[int, int]:
    """The ticks in which so many bytes come in, and the bytes of the queue."""
    numerator, denominator = ticks
    return burst * MICROSECONDS // rate * numerator // denominator, rate * latency // MICROSECONDS + burst


def parse_ticks(psched: bytes | None) -> tuple[int, int]:
    """The ticks of a microsecond, as a fraction, from /proc/net/psched: `000003e8 00000040 000f4240 3b9aca00`."""
    try:
        words = [int(word, 16) for word in (psched or b"").split()]
        microsecond, tick, second = words[0], words[1], words[2]
        return (microsecond * second, tick * MICROSECONDS) if tick else USUAL_TICKS
    except (ValueError, IndexError):
        return USUAL_TICKS


def count_bytes(rate: int, buffer: int) -> int:
    """How many bytes have room in a bucket of so many ticks."""
    numerator, denominator = USUAL_TICKS
    return rate * buffer * denominator // (numerator * MICROSECONDS)


def pack_rate(rate: int) -> bytes:
    """A tc_ratespec; what is larger is said again in an attribute of 64 bits."""
    return RATE.pack(0, TC_LINKLAYER_ETHERNET, 0, 0, 0, min(rate, LARGEST))


def unpack_rate(data: bytes, at: int, rate64: bytes | None) -> int:
    """The rate in a tc_ratespec, or in the attribute that says it again."""
    return int(RATE64.unpack_from(rate64)[0]) if rate64 else int(RATE.unpack_from(data, at)[5])
