"""What an ACL matches, and when one ACL matches everything another does.

Addresses, ports and protocols are all numbers, so each setting becomes a few spans of them:

    RemotePorts "80,81,8000-8100"    [(80, 81), (8000, 8100)]
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter

from poplin.autogen.policy import Policy
from poplin.schema.values import ANY_PROTOCOL, read_addresses, read_ports, read_protocols

Span = tuple[int, int]  # first and last

EVERYTHING: list[Span] = [(0, 1 << 160)]
IPV6_STARTS = 1 << 144  # above every IPv4 address


@dataclass(frozen=True)
class Match:
    """The packets an ACL decides about."""

    layer: tuple[str, str]  # direction, and which of Windows' two firewalls: those never meet
    dimensions: tuple[list[Span], ...]  # protocols, then addresses and ports of both sides

    def covers(self, other: Match) -> bool:
        """Whether this matches whatever the other does."""
        pairs = zip(self.dimensions, other.dimensions, strict=True)
        return self.layer == other.layer and all(
            all(is_within(span, mine) for span in theirs) for mine, theirs in pairs
        )

    def overlaps(self, other: Match) -> bool:
        """Whether some packet is matched by both."""
        pairs = zip(self.dimensions, other.dimensions, strict=True)
        return self.layer == other.layer and all(
            any(a <= last and first <= b for a, b in mine for first, last in theirs) for mine, theirs in pairs
        )


def read_match(acl: Policy) -> Match:
    """What an ACL matches; its settings have been found to be right."""
    dimensions = []
    for name, spans_of in DIMENSIONS.items():
        value = acl.find(name)
        dimensions.append(EVERYTHING if value is None else merge(spans_of(str(value))))
    return Match((str(acl.find("Direction")), str(acl.find("RuleType") or "Switch")), tuple(dimensions))


def is_within(span: Span, others: list[Span]) -> bool:
    """Whether one of the others, which are sorted and apart, has all of it."""
    at = bisect_right(others, span[0], key=itemgetter(0)) - 1
    return at >= 0 and span[1] <= others[at][1]


def merge(spans: Iterable[Span]) -> list[Span]:
    """Sorted, with spans that touch made one."""
    merged: list[Span] = []
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def span_addresses(text: str) -> list[Span]:
    """IPv6 lies above all of IPv4."""
    starts = {32: 0, 128: IPV6_STARTS}
    return [
        (starts[prefix.ip.bits] + prefix.first.value, starts[prefix.ip.bits] + prefix.last.value)
        for prefix in read_addresses(text)
    ]


def span_ports(text: str) -> list[Span]:
    """Ranges as they are."""
    return [(ports[0], ports[-1]) for ports in read_ports(text)]


def span_protocols(text: str) -> list[Span]:
    """One number each, unless one means all."""
    numbers = read_protocols(text)
    return EVERYTHING if ANY_PROTOCOL in numbers else [(number, number) for number in numbers]


DIMENSIONS: dict[str, Callable[[str], list[Span]]] = {
    "Protocols": span_protocols,
    "LocalAddresses": span_addresses,
    "RemoteAddresses": span_addresses,
    "LocalPorts": span_ports,
    "RemotePorts": span_ports,
}
