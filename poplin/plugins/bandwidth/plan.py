"""The limits as token buckets of the kernel: pure, from the settings and the link they are for.

Runtimes ask for a burst of 2^32-1 bits when nobody named one. That is half a gigabyte at full speed before anything is
limited, and as much waiting in line, so such a burst becomes one that is enough for the rate: what comes in 20 ms, in
which a busy host gets to send again, at least 128 kbit, which is ten full frames, and never less than one frame of the
link.
"""

from __future__ import annotations

from poplin.linux.shaping import Shape
from poplin.linux.wire.bucket import LARGEST, USUAL_TICKS, Bucket, make_bucket, measure
from poplin.linux.wire.filter import DESTINATION, SOURCE
from poplin.plugins.bandwidth.settings import OCTET

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.plugins.bandwidth.settings import Limit, Settings

UNBOUNDED = 2**32 - 1  # bits, from which on nobody means what is said
ENOUGH_TIME = 50  # of which a second has so many
SMALLEST_BURST = 128_000
ETHERNET_HEADER = 14
MILLISECOND = 1000  # microseconds
# Who is at the other end of what comes to the container, and of what it sends.
FAR_SIDES = {"ingress": SOURCE, "egress": DESTINATION}


def enough_burst(rate: int, mtu: int = 0) -> int:
    """Bits to let pass at once, of so many a second."""
    return max(rate // ENOUGH_TIME, SMALLEST_BURST, frame_of(mtu))


def frame_of(mtu: int) -> int:
    """The bits of a full frame, which passes whole or not at all."""
    return (mtu + ETHERNET_HEADER) * OCTET


def plan_shape(settings: Settings, way: str, mtu: int, ticks: tuple[int, int] = USUAL_TICKS) -> Shape | None:
    """The shape of one direction, None if it is not limited."""
    limit: Limit | None = getattr(settings, way)
    if limit is None:
        return None
    burst = limit.burst
    if burst >= UNBOUNDED and not settings.unbounded_burst:
        burst = min(burst, enough_burst(limit.rate, mtu))
    bucket = make_bucket(limit.rate // OCTET, burst // OCTET, settings.latency * MILLISECOND, ticks)
    if not settings.subnets:
        return Shape(bucket)
    return Shape(bucket, settings.subnets, FAR_SIDES[way], is_excluding=settings.is_excluding)


def plan_as_reference(settings: Settings, way: str, ticks: tuple[int, int] = USUAL_TICKS) -> Shape | None:
    """What the reference makes of the same, which stays until the container ends: every burst as it is said, and
    numbers that begin again at 0 where they are too large. It knows nothing of subnets."""
    limit: Limit | None = getattr(settings, way)
    if limit is None or settings.subnets:
        return None
    rate, burst = limit.rate // OCTET, limit.burst // OCTET
    buffer, queue = measure(rate, burst, settings.latency * MILLISECOND, ticks)
    return Shape(Bucket(rate, burst, buffer & LARGEST, queue & LARGEST))
