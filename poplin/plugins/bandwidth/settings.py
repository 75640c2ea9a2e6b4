"""What a network may tell bandwidth, read and checked before anything is touched."""

from __future__ import annotations

from poplin.spec.address import parse_prefix
from poplin.spec.errors import DecodingFailure, InvalidConfig
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.address import Prefix
    from poplin.spec.call import Call
    from poplin.spec.fields import Fields

WAYS = ("ingress", "egress")
OCTET = 8
LARGEST_BURST = (2**32 - 1) * OCTET  # bits; the kernel counts the bytes in 32 bits
USUAL_LATENCY, LONGEST_LATENCY = 25, 10_000  # milliseconds; the first is the reference's


class Limit(Record):
    """So many bits a second, so many at once."""

    __slots__ = ("burst", "rate")

    def __init__(self, rate: int, burst: int) -> None:
        self.rate = rate
        self.burst = burst


class Settings:
    """The limits of one attachment, None for what is not limited, and of what they are: `subnets` and whether it is of
    all others (`is_excluding`). `latency` is in milliseconds."""

    def __init__(self, call: Call) -> None:
        """Raises DecodingFailure, InvalidConfig, or UnsupportedField."""
        fields = call.fields
        runtime = fields.fields("runtimeConfig").fields("bandwidth")
        # one key of the network's own, whatever its value, and the runtime's do not count
        is_static = any([f"{way}{what}" in fields for way in WAYS for what in ("Rate", "Burst")])
        source = fields if is_static else runtime
        self.ingress = read_limit(source, "ingress")
        self.egress = read_limit(source, "egress")
        self.latency = fields.number("latency", USUAL_LATENCY)
        self.unbounded_burst = fields.flag("unboundedBurst")
        shaped = read_subnets(fields, runtime, "shapedSubnets")
        unshaped = read_subnets(fields, runtime, "unshapedSubnets")
        self.subnets = shaped or unshaped
        self.is_excluding = bool(unshaped)
        if shaped and unshaped:
            raise InvalidConfig("both shapedSubnets and unshapedSubnets are given", "remove one of them")
        if not 1 <= self.latency <= LONGEST_LATENCY:
            raise InvalidConfig(f"invalid latency {self.latency}", f"it can be 1 to {LONGEST_LATENCY} milliseconds")
        if call.is_strict:
            fields.reject_unknown()


def read_limit(fields: Fields, way: str) -> Limit | None:
    """One direction's. Raises DecodingFailure, InvalidConfig."""
    rate_key, burst_key = f"{way}Rate", f"{way}Burst"
    rate, burst = read_bits(fields, rate_key), read_bits(fields, burst_key)
    if not rate and not burst:
        return None
    if not rate:
        raise InvalidConfig(f"{burst_key} without {rate_key}", f"`{fields.path(rate_key)}` says how many bits a second")
    if not burst:
        raise InvalidConfig(f"{rate_key} without {burst_key}", f"`{fields.path(burst_key)}` says how many bits at once")
    if rate < OCTET:
        raise InvalidConfig(f"{rate_key} {rate} is too low", f"the least is {OCTET} bits a second, which is one byte")
    if burst < OCTET:
        raise InvalidConfig(f"{burst_key} {burst} is too small", f"the least is {OCTET} bits, which is one byte")
    if burst >= LARGEST_BURST:
        raise InvalidConfig(f"{burst_key} {burst} is too large", f"it must be below {LARGEST_BURST} bits")
    return Limit(rate, burst)


def read_bits(fields: Fields, key: str) -> int:
    """A number of bits. Raises DecodingFailure."""
    number = fields.number(key)
    return number if number >= 0 else fields.refuse(key, "a number of bits, which is not negative")


def read_subnets(fields: Fields, runtime: Fields, key: str) -> tuple[Prefix, ...]:
    """The network's, or if it names none the runtime's; each once. Raises DecodingFailure."""
    source = fields if key in fields else runtime
    found = []
    for text in source.texts(key):
        try:
            found.append(parse_prefix(text).network)
        except ValueError as error:
            raise DecodingFailure(f"cannot decode `{source.path(key)}`", str(error)) from None
    return tuple(dict.fromkeys(found))
