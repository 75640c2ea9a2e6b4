"""Tokens that are verified here: signed JWTs (RFC 7519), by the issuer's public keys.

What a token says about its key is only its name. Which algorithm goes with the key, the key decides, and no shared
secret is ever a key: `none`, HMAC with a public key as the secret, `jku`, `jwk` and `x5u` lead nowhere.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import jwt
import msgspec

from poplin.controller.access.claims import BadToken, Claims

ALGORITHMS = {"RSA": ("RS256", "RS384", "RS512"), "EC": ("ES256", "ES384", "ES512")}
PARTS_OF_KEY = ("kty", "alg", "n", "e", "crv", "x", "y")  # the public ones
LEEWAY = 30.0  # seconds that clocks may differ
REFRESH_TOKEN = "-r"  # how the `jti` of a UAA's refresh token ends; such a one is no access token


class SignedTokens:
    """Believes access tokens that the issuer signed, that have not ended, and are for the audience if there is one."""

    def __init__(self, keys: KeyRing, *, issuer: str, audience: str = "") -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience

    def verify(self, token: str) -> Claims:
        """What the token says. Raises BadToken, and what the key ring's `fetch` raises."""
        try:
            key = self._keys.get(name_of_key(token))
            claims = msgspec.convert(self._decode(token, key), Claims)
        except (jwt.PyJWTError, ValueError, RecursionError) as error:
            raise BadToken(f"{type(error).__name__}: {error}") from error
        if (claims.jti or "").endswith(REFRESH_TOKEN):
            raise BadToken("a refresh token is no access token")
        return claims

    def _decode(self, token: str, key: jwt.PyJWK) -> dict[str, Any]:
        return jwt.decode(
            token,
            key,
            algorithms=[key.algorithm_name],
            issuer=self._issuer,
            audience=self._audience or None,
            leeway=LEEWAY,
            options={
                "require": ["exp", "iss", "sub", "scope"],
                "verify_aud": bool(self._audience),
                "enforce_minimum_key_length": True,
            },
        )


def name_of_key(token: str) -> str:
    """Which key the token names. Raises BadToken, jwt.PyJWTError."""
    header = jwt.get_unverified_header(token)
    if "crit" in header:
        raise BadToken(f"extensions that must be understood are not: {header['crit']!r}")
    name = header.get("kid")
    if not isinstance(name, str):
        raise BadToken(f"the token names no key: {name!r}")
    return name


class KeyRing:
    """The issuer's keys by name; fetched when an unknown name comes up, and again when they are old."""

    def __init__(
        self,
        fetch: Callable[[], Sequence[dict[str, Any]]],
        *,
        longest: float = 600.0,
        pause: float = 10.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keys older than `longest` seconds are not used; from one fetch to the next there are `pause` seconds."""
        self._fetch = fetch
        self._longest = longest
        self._pause = pause
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._good_until = self._next_fetch = float("-inf")

    def get(self, name: str) -> jwt.PyJWK:
        """Raises BadToken for a name that the issuer does not know, and what `fetch` raises."""
        key = self._find(name)
        if key is None:
            with self._lock:
                key = self._find(name) or self._find_after_fetch(name)
        if key is None:
            raise BadToken(f"the issuer has no key {name!r}, or it could not be fetched just now")
        return key

    def _find(self, name: str) -> jwt.PyJWK | None:
        return self._keys.get(name) if self._monotonic() < self._good_until else None

    def _find_after_fetch(self, name: str) -> jwt.PyJWK | None:
        began = self._monotonic()
        if began < self._next_fetch:
            return None
        try:
            self._keys = read_keys(self._fetch())
            self._good_until = began + self._longest
        finally:  # from its end: those who waited for one that failed would otherwise each wait for another
            self._next_fetch = self._monotonic() + self._pause
        return self._find(name)


def read_keys(jwks: Sequence[dict[str, Any]]) -> dict[str, jwt.PyJWK]:
    """Those that signatures can be verified with, by name."""
    found = ((jwk.get("kid"), find_public_key(jwk)) for jwk in jwks)
    return {name: key for name, key in found if isinstance(name, str) and key is not None}


def find_public_key(jwk: dict[str, Any]) -> jwt.PyJWK | None:
    """None for a shared secret, and for what is not for signatures or not known."""
    algorithms = ALGORITHMS.get(str(jwk.get("kty")), ())
    if not algorithms or jwk.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK({part: jwk[part] for part in PARTS_OF_KEY if part in jwk})
    except jwt.PyJWTError:
        return None
    return key if key.algorithm_name in algorithms else None
