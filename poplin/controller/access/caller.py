"""Who calls, and whether their scopes are enough.

The texts of Unauthenticated and Forbidden are for the caller. Why a token is bad stays in the log: whoever sends bad
ones has no need to know how close they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

ADMIN = "network.admin"
WRITE = "network.write"


class Caller(Struct, frozen=True):
    """Somebody whose token or certificate was believed."""

    subject: str  # GUID of a user, name of a client or of a certificate; never empty
    name: str  # for people; empty for a client
    scopes: frozenset[str]


class Unauthenticated(Exception):
    """Nobody we know: 401 with this text."""


class Forbidden(Exception):
    """Somebody who may not: 403 with this text."""


class Authenticator(Protocol):
    """Finds out who calls."""

    def identify(self, authorization: str | None, names: Sequence[str]) -> Caller:
        """The caller.

        `authorization` is the first such header, or None. `names` are those of a verified client certificate: the
        subject's CN, DNS and URI alternative names; empty if there is none. Raises Unauthenticated.
        """
        ...


def require_scopes(caller: Caller, allowed: Sequence[str]) -> None:
    """Raise Forbidden unless the caller has one of `allowed` (cf-control-plane §1.4 rule 4)."""
    if caller.scopes.isdisjoint(allowed):
        provided = " ".join(sorted(caller.scopes))
        raise Forbidden(f"provided scopes [{provided}] do not include allowed scopes [{' '.join(allowed)}]")
