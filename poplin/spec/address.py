"""IP addresses and prefixes as integers: parse, print, contain, step.

The ipaddress module costs 3 ms to import and knows far more than CNI needs. An IPv4-mapped IPv6 address is the
IPv4 address, as the reference prints it: `::ffff:1.2.3.4/120` reads as `1.2.3.4/24`.
"""

from __future__ import annotations

from _socket import AF_INET, AF_INET6, inet_ntop, inet_pton

MAPPED = 0xFFFF << 32  # ::ffff:0:0/96


class IP:
    """One address: `bits` is 32 or 128, `value` the address as an integer."""

    __slots__ = ("bits", "value")

    def __init__(self, bits: int, value: int) -> None:
        self.bits = bits
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IP) and self.value == other.value and self.bits == other.bits

    def __lt__(self, other: IP) -> bool:
        return (self.bits, self.value) < (other.bits, other.value)

    def __le__(self, other: IP) -> bool:
        return not other < self

    def __hash__(self) -> int:
        return hash((self.bits, self.value))

    def __add__(self, step: int) -> IP:
        return IP(self.bits, self.value + step)

    def __str__(self) -> str:
        if self.bits == 128 and 0xFFFF < self.value <= 0xFFFFFFFF:  # inet_ntop prints ::1:2 as ::0.1.0.2
            return f"::{self.value >> 16:x}:{self.value & 0xFFFF:x}"
        return inet_ntop(self.family, self.packed)

    def __repr__(self) -> str:
        return f"<IP {self}>"

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if self.bits == 32 else 6

    @property
    def family(self) -> int:
        """AF_INET or AF_INET6."""
        return AF_INET if self.bits == 32 else AF_INET6

    @property
    def packed(self) -> bytes:
        """Network byte order, 4 or 16 bytes."""
        return self.value.to_bytes(self.bits // 8, "big")


class Prefix:
    """An address with a prefix length; host bits are kept (`10.1.2.3/8` stays that)."""

    __slots__ = ("ip", "length")

    def __init__(self, ip: IP, length: int) -> None:
        self.ip = ip
        self.length = length

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Prefix) and self.ip == other.ip and self.length == other.length

    def __hash__(self) -> int:
        return hash((self.ip, self.length))

    def __str__(self) -> str:
        return f"{self.ip}/{self.length}"

    def __repr__(self) -> str:
        return f"<Prefix {self}>"

    def __contains__(self, ip: IP) -> bool:
        return ip.bits == self.ip.bits and (ip.value ^ self.ip.value) >> (ip.bits - self.length) == 0

    @property
    def first(self) -> IP:
        """The network address."""
        shift = self.ip.bits - self.length
        return IP(self.ip.bits, self.ip.value >> shift << shift)

    @property
    def last(self) -> IP:
        """The highest address, for IPv4 the broadcast address."""
        return IP(self.ip.bits, self.first.value | (1 << self.ip.bits - self.length) - 1)

    @property
    def network(self) -> Prefix:
        """The same prefix without host bits."""
        return Prefix(self.first, self.length)

    @property
    def alone(self) -> Prefix:
        """The address as a prefix of all its bits."""
        return Prefix(self.ip, self.ip.bits)

    @property
    def is_default(self) -> bool:
        """Whether this is 0.0.0.0/0 or ::/0."""
        return self.length == 0

    def overlaps(self, other: Prefix) -> bool:
        """Whether some address lies in both."""
        return self.ip in other or other.ip in self


def parse_ip(text: str) -> IP:
    """`10.0.0.1` or `fe80::1`. Raises ValueError; leading zeros and zones are refused."""
    family, bits = (AF_INET6, 128) if ":" in text else (AF_INET, 32)
    try:
        value = int.from_bytes(inet_pton(family, text), "big")
    except (OSError, ValueError):  # ValueError: a NUL byte
        raise ValueError(f"{text!r} is not an IP address") from None
    if bits == 128 and value & ~0xFFFFFFFF == MAPPED:
        return IP(32, value & 0xFFFFFFFF)
    return IP(bits, value)


def parse_prefix(text: str) -> Prefix:
    """`10.0.0.1/8`; the length is required. Raises ValueError."""
    address, _, length = text.partition("/")
    try:
        ip = parse_ip(address)
    except ValueError:
        raise ValueError(f"{text!r} is not an address with a prefix length, like 10.1.2.3/24") from None
    bits = 128 if ":" in address else 32
    if not (length.isascii() and length.isdigit() and (length == "0" or length[0] != "0") and int(length) <= bits):
        raise ValueError(f"{text!r} is not an address with a prefix length, like 10.1.2.3/24")
    if bits > ip.bits:  # IPv4-mapped
        if int(length) < 96:
            raise ValueError(f"{text!r}: the prefix of an IPv4-mapped address is at least 96")
        return Prefix(ip, int(length) - 96)
    return Prefix(ip, int(length))


def parse_ip_or_prefix(text: str) -> IP:
    """The address of `ip` or `ip/length`, as `ips` and CNI_ARGS allow both. Raises ValueError."""
    return parse_prefix(text).ip if "/" in text else parse_ip(text)
