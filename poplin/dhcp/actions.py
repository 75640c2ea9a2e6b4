"""What a client wants done: its answers to every event, in order."""

from __future__ import annotations

from dataclasses import dataclass

from poplin.dhcp.lease import Lease
from poplin.spec.address import IP


@dataclass(frozen=True)
class Send:
    """A message for one server, from the leased address if the interface has it; for everybody if `to` is None."""

    payload: bytes
    to: IP | None = None


@dataclass(frozen=True)
class Bound:
    """There is a lease; `previous` is the one that the interface has, None for none."""

    lease: Lease
    previous: Lease | None


@dataclass(frozen=True)
class Expired:
    """The address of this lease must not be used any more."""

    lease: Lease


@dataclass(frozen=True)
class GaveUp:
    """No lease, and nobody is asked any more."""

    reason: str


Action = Send | Bound | Expired | GaveUp
