"""A UAA for tests: who a token belongs to, tokens for clients, and signed tokens with the keys to verify them."""

from __future__ import annotations

import base64
import json
import time
from functools import cache
from typing import Any

import jwt
import trustme
from controller.stand_in import Answer, Call, StandIn, Unexpected
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CLIENT, SECRET = "network-policy", "secret & sound"
ISSUER = "https://uaa.example.org/oauth/token"
INVALID = Answer(
    400, {"error": "invalid_token", "error_description": "The token expired, was revoked, or is incorrect"}
)
UNAUTHORIZED = Answer(401, {"error": "unauthorized", "error_description": "Bad credentials"})


@cache
def rsa_key(name: str) -> rsa.RSAPrivateKey:
    """One key for each name: making them takes long."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def ec_key(name: str) -> ec.EllipticCurvePrivateKey:
    """As `rsa_key`."""
    return ec.generate_private_key(ec.SECP256R1())


class Uaa(StandIn):
    """Knows the tokens it was told of and those it signed."""

    def __init__(self, authority: trustme.CA) -> None:
        super().__init__(authority)
        self.tokens: dict[str, dict[str, Any]] = {}  # token -> what check_token answers
        self.granted: list[str] = []  # our clients' own tokens
        self.expires_in = 600  # seconds
        self.key = "key-1"  # the `kid` that is signed with
        self.published = ["key-1"]

    def add_token(self, token: str, *, scope: list[str], sub: str = "user-guid", **claims: Any) -> None:
        """A token of a user if `user_name` is among the claims, else of a client."""
        exp = int(time.time()) + 3600
        self.tokens[token] = {"sub": sub, "scope": scope, "exp": exp, "iss": ISSUER, "jti": token, **claims}

    def sign(
        self, *, key: Any = None, algorithm: str = "RS256", headers: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """A signed access token; `check_token` does not know it. A claim that is None is left out."""
        now = int(time.time())
        usual = {"sub": "user-guid", "user_name": "ada", "scope": ["network.write"], "iss": ISSUER, "aud": ["network"]}
        full = {**usual, "iat": now, "exp": now + 600, "jti": "a1b2", "client_id": "cf", **claims}
        payload = {name: value for name, value in full.items() if value is not None}
        content = json.dumps(payload).encode()  # not by jwt.encode, which refuses to sign what is wrong
        return jwt.api_jws.encode(content, key or rsa_key(self.key), algorithm, {"kid": self.key, **(headers or {})})

    def answer(self, call: Call) -> Answer:
        """cf-control-plane §1.4."""
        match call.method, call.path:
            case "GET", "/token_keys":
                return Answer(200, {"keys": [public_jwk(name) for name in self.published]})
            case "POST", "/check_token":
                return self.check_token(call) if has_credentials(call) else UNAUTHORIZED
            case "POST", "/oauth/token":
                return self.grant(call) if has_credentials(call) else UNAUTHORIZED
        raise Unexpected(call)

    def check_token(self, call: Call) -> Answer:
        """What the owner of a token may do."""
        [token] = call.form["token"]
        return Answer(200, self.tokens[token]) if token in self.tokens else INVALID

    def grant(self, call: Call) -> Answer:
        """A new token for a client."""
        if call.form != {"client_id": [CLIENT], "grant_type": ["client_credentials"]}:
            raise Unexpected(call)
        self.granted.append(f"client-token-{len(self.granted) + 1}")
        return Answer(200, {"access_token": self.granted[-1], "token_type": "bearer", "expires_in": self.expires_in})


def has_credentials(call: Call) -> bool:
    """Basic authentication as our client."""
    expected = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
    return call.headers.get("authorization") == f"Basic {expected}"


def public_jwk(name: str) -> dict[str, Any]:
    """The public key as a UAA publishes it."""
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key()))
    return {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": name, "n": jwk["n"], "e": jwk["e"]}
