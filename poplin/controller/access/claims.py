"""What a token says about its owner, and who that is."""

from __future__ import annotations

from msgspec import Struct

from poplin.controller.access.caller import Caller


class BadToken(Exception):
    """Not a token to believe; the text is for the log."""


class Claims(Struct, frozen=True):
    """Some of a token's claims, or of what the UAA answers about it. Absent or null is empty."""

    sub: str | None = None
    user_name: str | None = None
    scope: list[str] | None = None
    exp: float | None = None  # seconds since 1970
    jti: str | None = None


def caller_of(claims: Claims) -> Caller:
    """Raises BadToken where nobody is named: questions about nobody might be answered for everybody."""
    if not claims.sub:
        raise BadToken("the token has no `sub`")
    return Caller(claims.sub, claims.user_name or "", frozenset(claims.scope or ()))
