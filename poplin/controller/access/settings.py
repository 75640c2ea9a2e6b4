"""What the configuration says about UAA and Cloud Controller."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class UaaSettings(Struct, frozen=True, kw_only=True):
    """Who issues tokens, and how they are verified."""

    url: str  # https://uaa.service.cf.internal:8443
    client: str
    secret: str
    verify: Literal["keys", "check_token"] = "check_token"  # here, by the issuer's keys, or by asking the UAA
    issuer: str = ""  # `keys` needs it: https://uaa.example.org/oauth/token, which is seldom the url
    audience: str = ""  # `keys`: must be among a token's; empty: any will do
    opaque: bool = False  # `keys`: tokens that are no signed ones are asked about
    cache_seconds: float = 10.0  # how long an answer about a token is believed; 0: never


class CloudSettings(Struct, frozen=True, kw_only=True):
    """Who knows apps and spaces."""

    url: str  # https://api.example.org
    unknown_apps_limit: int = 0  # cleanup refuses if the Cloud Controller knows none of more apps than these


class OutgoingSettings(Struct, frozen=True, kw_only=True):
    """How both are called; times are in seconds."""

    ca_pems: tuple[bytes, ...] = ()  # contents of the CA files; if all are blank, the system's roots
    skip_verification: bool = False  # believes any certificate: not for production
    connect_timeout: float = 5.0
    read_timeout: float = 10.0  # between two pieces of an answer
    total_timeout: float = 30.0  # for a whole answer
