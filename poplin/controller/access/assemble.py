"""Who may do what, put together from the configuration."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from poplin.controller.access.caller import Authenticator
from poplin.controller.access.capi import Capi
from poplin.controller.access.certificates import CertificateAuthenticator
from poplin.controller.access.cleaner import Cleaner, NothingStale, PolicyStore, StaleCleaner
from poplin.controller.access.guard import ClosedGuard, Guard, SpaceGuard
from poplin.controller.access.outgoing import Outgoing
from poplin.controller.access.settings import CloudSettings, OutgoingSettings, UaaSettings
from poplin.controller.access.signatures import KeyRing, SignedTokens
from poplin.controller.access.tokens import AskedTokens, TokenAuthenticator, Verify, choose
from poplin.controller.access.uaa import Uaa


class Access(Struct, frozen=True):
    """What the API asks. `outgoing` is to be closed at the end, if there is one."""

    authenticator: Authenticator
    guard: Guard
    cleaner: Cleaner
    outgoing: Outgoing | None


def with_certificates(scopes: Mapping[str, frozenset[str]]) -> Access:
    """Without UAA and Cloud Controller: names of client certificates stand for scopes."""
    return Access(CertificateAuthenticator(scopes), ClosedGuard(), NothingStale(), None)


def with_uaa(uaa: UaaSettings, cloud: CloudSettings | None, outgoing: OutgoingSettings, store: PolicyStore) -> Access:
    """With a UAA, and a Cloud Controller if there is one. Nobody is called yet. Raises TrustError."""
    calls = Outgoing(outgoing)
    issuer = Uaa(calls, uaa)
    authenticator = TokenAuthenticator(choose_verification(issuer, uaa))
    if cloud is None:
        return Access(authenticator, ClosedGuard(), NothingStale(), calls)
    capi = Capi(calls, cloud.url, issuer)
    cleaner = StaleCleaner(store, capi, unknown_apps_limit=cloud.unknown_apps_limit)
    return Access(authenticator, SpaceGuard(capi), cleaner, calls)


def choose_verification(issuer: Uaa, settings: UaaSettings) -> Verify:
    """How the settings want tokens to be verified."""
    asked = AskedTokens(issuer.check_token, seconds=settings.cache_seconds).verify
    if settings.verify == "check_token":
        return asked
    signed = SignedTokens(KeyRing(issuer.token_keys), issuer=settings.issuer, audience=settings.audience).verify
    return choose(signed, asked) if settings.opaque else signed
