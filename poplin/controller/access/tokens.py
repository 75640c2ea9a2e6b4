"""Callers by their bearer tokens.

How a token is verified is a function from the token to its claims: `SignedTokens.verify`, or a question to the UAA
whose answers are kept for a moment (`AskedTokens.verify`), or one of both by the look of the token (`choose`).
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from poplin.controller.access.caller import Caller, Unauthenticated
from poplin.controller.access.claims import BadToken, Claims, caller_of
from poplin.controller.access.uaa import UaaError

Verify = Callable[[str], Claims]

log = logging.getLogger("poplin.controller.access")

LONGEST_TOKEN = 16 << 10  # characters
MOST_ANSWERS = 10_000


class TokenAuthenticator:
    """Believes what `verify` says, which raises BadToken or UaaError for tokens that it does not believe."""

    def __init__(self, verify: Verify) -> None:
        self._verify = verify

    def identify(self, authorization: str | None, names: Sequence[str]) -> Caller:
        """The token's owner; certificates are not looked at. Raises Unauthenticated (cf-control-plane §1.4)."""
        if authorization is None:
            raise Unauthenticated("missing authorization header")
        try:
            return caller_of(self._verify(read_bearer(authorization)))
        except (BadToken, UaaError) as error:
            log.info("failed-to-verify-token", extra={"data": {"error": str(error)}})
            raise Unauthenticated("failed to verify token with uaa") from error


def read_bearer(authorization: str) -> str:
    """The token; only two spellings of the word are taken off. Raises BadToken for none, or one that cannot be one."""
    token = re.sub(r"^[Bb]earer ", "", authorization)
    if not 0 < len(token) <= LONGEST_TOKEN:
        raise BadToken(f"a token of {len(token)} characters; 1 to {LONGEST_TOKEN} are possible")
    return token


def choose(signed: Verify, asked: Verify) -> Verify:
    """Tokens of three parts are signed ones, and never asked about: what the keys do not prove, nothing else does."""
    return lambda token: signed(token) if token.count(".") == 2 else asked(token)


class AskedTokens:
    """Asks about each token once in a while: a token that is revoked lives on for at most `seconds`.

    Only good answers are kept, under the SHA-256 of the token, never beyond the token's end.
    """

    def __init__(
        self,
        ask: Verify,
        *,
        seconds: float,
        clock: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds` may be 0; `clock` is what the tokens' ends are compared with."""
        self._ask = ask
        self._seconds = seconds
        self._clock = clock
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._answers: OrderedDict[bytes, tuple[Claims, float]] = OrderedDict()  # with its end, on the monotonic clock

    def verify(self, token: str) -> Claims:
        """What the token says. Raises what `ask` raises."""
        key = hashlib.sha256(token.encode(errors="surrogatepass")).digest()
        claims = self._find(key)
        if claims is None:
            claims = self._ask(token)
            self._keep(key, claims)
        return claims

    def _find(self, key: bytes) -> Claims | None:
        with self._lock:
            claims, end = self._answers.get(key, (None, 0.0))
            return claims if self._monotonic() < end else None

    def _keep(self, key: bytes, claims: Claims) -> None:
        left = self._seconds if claims.exp is None else min(self._seconds, claims.exp - self._clock())
        with self._lock:
            self._answers.pop(key, None)
            while len(self._answers) >= MOST_ANSWERS:
                self._answers.popitem(last=False)
            self._answers[key] = (claims, self._monotonic() + left)
