"""What a policy must be: the checks of cf-control-plane §1.6, in their order, and after them ours.

Ours keep out ids with characters that could mean something to a firewall's input (§12 row 4), and ports of v0 above
65535, which the original lets in (§12 row 5).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from poplin.controller.api.decode import Entry, TagRequest
from poplin.policy.model import Policy

Check = tuple[Callable[[Entry], bool], str]  # whether an entry is wrong, and what to say then

ID_PATTERN = "[A-Za-z0-9._-]{1,255}"
ID_RULE = "must be 1 to 255 letters, digits, '.', '_' or '-'"
PROTOCOLS = ("tcp", "udp")
LAST_PORT = 65535

SIDES: tuple[Check, ...] = (
    (lambda entry: not entry.source.id, "missing source id"),
    (lambda entry: not entry.destination.id, "missing destination id"),
    (
        lambda entry: entry.protocol not in PROTOCOLS,
        "invalid destination protocol, specify either udp or tcp",
    ),
)
TAGS: Check = (lambda entry: bool(entry.source.tag or entry.destination.tag), "tags may not be specified")
IDS: tuple[Check, ...] = (
    (lambda entry: not is_id(entry.source.id), f"invalid source id, {ID_RULE}"),
    (lambda entry: not is_id(entry.destination.id), f"invalid destination id, {ID_RULE}"),
)
CHECKS_V0: tuple[Check, ...] = (
    *SIDES,
    (lambda entry: entry.start < 0, "invalid port {entry.start}, must be in range 1-65535"),
    (lambda entry: entry.start == 0, "missing port"),
    TAGS,
    (lambda entry: entry.start > LAST_PORT, "invalid port {entry.start}, must be in range 1-65535"),
    *IDS,
)
CHECKS_V1: tuple[Check, ...] = (
    *SIDES,
    (
        lambda entry: entry.start > entry.end,
        "invalid port range {entry.start}-{entry.end}, start must be less than or equal to end",
    ),
    (lambda entry: entry.start < 0, "invalid start port {entry.start}, must be in range 1-65535"),
    (lambda entry: entry.start == 0, "missing start port"),
    (lambda entry: entry.end > LAST_PORT, "invalid end port {entry.end}, must be in range 1-65535"),
    TAGS,
    *IDS,
)


class Invalid(Exception):
    """The text says what is wrong with the first bad entry."""


def validate_policies(entries: Sequence[Entry], checks: Sequence[Check]) -> list[Policy]:
    """Every entry as a policy. Raises Invalid for the first one that fails a check."""
    if not entries:
        raise Invalid("missing policies")
    for entry in entries:
        for is_wrong, text in checks:
            if is_wrong(entry):
                raise Invalid(text.format(entry=entry))
    return [Policy(entry.source.id, entry.destination.id, entry.protocol, entry.start, entry.end) for entry in entries]


def validate_tag(request: TagRequest) -> None:
    """Raise Invalid unless both words are safe to hand out."""
    for name, word in (("id", request.id), ("type", request.type)):
        if not is_id(word):
            raise Invalid(f"invalid tag {name}, {ID_RULE}")


def is_id(word: str) -> bool:
    """Whether nothing that reads this id can take it for anything else."""
    return re.fullmatch(ID_PATTERN, word) is not None
