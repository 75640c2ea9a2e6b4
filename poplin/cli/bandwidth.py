"""`--bandwidth`: how much may come in and go out, as the capability `bandwidth` has it (CONVENTIONS.md).

    10M                         both ways
    in=10M,out=2M               each way; one that is not named is not limited
    in=10M/4M                   with a burst of 4 Mbit

Rates are bits a second, bursts bits; K, M and G are thousands, millions and thousand millions. Without a burst it is
the one that our plugin takes for a runtime's that names none.
"""

from __future__ import annotations

from argparse import ArgumentTypeError

from poplin.plugins.bandwidth.plan import enough_burst
from poplin.plugins.bandwidth.settings import LARGEST_BURST

SYNTAX = "RATE or in=RATE[/BURST],out=RATE[/BURST], as 10M"
UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
WAYS = {"in": "ingress", "out": "egress"}  # seen from the container


def bandwidth(text: str) -> dict[str, int]:
    """The value of the capability."""
    limits: dict[str, int] = {}
    for piece in text.split(","):
        name, equals, limit = piece.rpartition("=")
        ways = [WAYS[name]] if name in WAYS else list(WAYS.values())
        if (equals and name not in WAYS) or any(f"{way}Rate" in limits for way in ways):
            raise ArgumentTypeError(f"{piece!r} says nothing new of `in` or `out`, in {text!r}; write {SYNTAX}")
        rate_text, slash, burst_text = limit.partition("/")
        rate = bits(rate_text, text)
        burst = bits(burst_text, text) if slash else min(enough_burst(rate), LARGEST_BURST - 1)
        limits |= {f"{way}Rate": rate for way in ways} | {f"{way}Burst": burst for way in ways}
    return limits


def bits(number: str, where: str) -> int:
    """`10M`, `10Mbit`, `2500000`."""
    short = number.removesuffix("bit")
    digits, unit = (short[:-1], short[-1].upper()) if short[-1:].isalpha() else (short, "")
    if not (digits.isascii() and digits.isdigit() and int(digits) and unit in UNITS):
        raise ArgumentTypeError(f"{number!r} is no number of bits, in {where!r}; write {SYNTAX}")
    return int(digits) * UNITS[unit]
