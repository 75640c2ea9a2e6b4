"""Ranges of addresses and sets of ranges, as pure values: what may be handed out, and in which order.

A set gives one address to each attachment; its ranges are taken in turn. Mistakes are ValueErrors here, the reader of
the configuration adds where they stand. Stricter than the reference: the network and broadcast addresses are never
part of a range, not even if its end is said to be the latter, as podman writes it; and a range that starts above its
end is refused, not walked out of the subnet.
"""

from __future__ import annotations

from poplin.spec.address import IP, Prefix
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


class Range(Record):
    """The addresses `start` to `end` of `subnet`, without `gateway`, which may lie anywhere."""

    __slots__ = ("end", "gateway", "start", "subnet")

    def __init__(
        self, subnet: Prefix, start: IP | None = None, end: IP | None = None, gateway: IP | None = None
    ) -> None:
        """Fill the defaults and check. Raises ValueError."""
        check_subnet(subnet)
        self.subnet = subnet
        self.gateway = gateway or subnet.first + 1
        self.start = start or subnet.first + 1
        self.end = find_highest(subnet) if end in (None, subnet.last) else end
        self._check("rangeStart", self.start)
        self._check("rangeEnd", self.end)
        if not self.start <= self.end:
            raise ValueError(f"rangeStart {self.start} is not in {subnet} up to rangeEnd {self.end}")

    def _check(self, key: str, ip: IP) -> None:
        if ip not in self.subnet:
            raise ValueError(f"{key} {ip} is not in the network {self.subnet}")
        if not self.subnet.first + 1 <= ip <= find_highest(self.subnet):
            raise ValueError(f"{key} {ip} is the network or broadcast address of {self.subnet}, which no host may have")

    def __contains__(self, ip: IP) -> bool:
        return ip.bits == self.start.bits and self.start <= ip <= self.end

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    @property
    def size(self) -> int:
        """How many addresses can be handed out."""
        return self.end.value - self.start.value + 1 - (self.gateway in self)

    def overlaps(self, other: Range) -> bool:
        """Whether some address is in both; the subnets do not matter."""
        return self.start in other or other.start in self

    def walk(self, first: int, last: int) -> Iterator[IP]:
        """The addresses from `first` to `last`, both as integers, without the gateway."""
        for value in range(first, last + 1):
            ip = IP(self.start.bits, value)
            if ip != self.gateway:
                yield ip


def check_subnet(subnet: Prefix) -> None:
    """Raises ValueError for a subnet without room for a host, or with host bits set."""
    if subnet.length > subnet.ip.bits - 2:
        raise ValueError(f"network {subnet} is too small: it has no address to hand out")
    if subnet.ip != subnet.first:
        raise ValueError(f"network {subnet} has host bits set; the network address is {subnet.first}")


def find_highest(subnet: Prefix) -> IP:
    """The last address a host may have: IPv6 has no broadcast address."""
    return subnet.last + -1 if subnet.ip.version == 4 else subnet.last


class RangeSet(Record):
    """One or more ranges of one family that do not overlap."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: list[Range]) -> None:
        """Raises ValueError."""
        self.ranges = ranges
        if not ranges:
            raise ValueError("it has no range")
        for number, one in enumerate(ranges):
            for other in ranges[:number]:
                if one.start.bits != other.start.bits:
                    raise ValueError(f"{other} and {one} are of different address families")
                if one.overlaps(other):
                    raise ValueError(f"{other} and {one} overlap")

    def __contains__(self, ip: IP) -> bool:
        return any(ip in item for item in self.ranges)

    def __str__(self) -> str:
        return ",".join(map(str, self.ranges))

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.ranges[0].start.version

    def get_range(self, ip: IP) -> Range:
        """The range that has `ip`. Raises ValueError."""
        for item in self.ranges:
            if ip in item:
                return item
        raise ValueError(f"{ip} is not in {self}")

    def overlaps(self, other: RangeSet) -> bool:
        """Whether some address is in both."""
        return any(one.overlaps(two) for one in self.ranges for two in other.ranges)

    def candidates(self, last: IP | None) -> Iterator[IP]:
        """Every address once, round robin: from the one after `last` all the way round to `last` itself.

        Without `last`, or if it is not in the set, from the first to the last.
        """
        if last is None or last not in self:
            for item in self.ranges:
                yield from item.walk(item.start.value, item.end.value)
            return
        here = self.get_range(last)
        position = self.ranges.index(here)
        yield from here.walk(last.value + 1, here.end.value)
        for item in self.ranges[position + 1 :] + self.ranges[:position]:
            yield from item.walk(item.start.value, item.end.value)
        yield from here.walk(here.start.value, last.value)

    def count_free(self, taken: set[IP]) -> int:
        """How many addresses are left when `taken` are not."""
        sizes = sum(item.size for item in self.ranges)
        return sizes - sum(ip in item and ip != item.gateway for ip in taken for item in self.ranges)
