"""From the configuration file to who may do what."""

from __future__ import annotations

from pathlib import Path

from poplin.controller.access.assemble import Access, with_certificates, with_uaa
from poplin.controller.access.cleaner import PolicyStore
from poplin.controller.access.settings import CloudSettings, OutgoingSettings, UaaSettings
from poplin.controller.serve.development import CLIENT
from poplin.controller.serve.settings import Settings, UaaFile

ADMIN = frozenset({"network.admin"})


def make_access(settings: Settings, store: PolicyStore, *, is_development: bool) -> Access:
    """By tokens if there is a UAA, else by certificates; that for development is an administrator's.

    Raises OSError for a file that is gone, TrustError.
    """
    if not settings.uaa:
        scopes = {name: frozenset[str](holder.scopes) for name, holder in settings.controller.certificates.items()}
        return with_certificates({**({CLIENT: ADMIN} if is_development else {}), **scopes})
    cloud = (
        CloudSettings(url=settings.cc.url, unknown_apps_limit=settings.cc.unknown_apps_limit) if settings.cc else None
    )
    return with_uaa(make_uaa(settings.uaa, read_secret(settings.uaa)), cloud, make_outgoing(settings), store)


def make_uaa(uaa: UaaFile, secret: str) -> UaaSettings:
    """The table `[uaa]` with the secret."""
    return UaaSettings(
        url=uaa.url,
        client=uaa.client,
        secret=secret,
        verify=uaa.verify,
        issuer=uaa.issuer,
        audience=uaa.audience,
        opaque=uaa.opaque,
        cache_seconds=uaa.cache_seconds,
    )


def make_outgoing(settings: Settings) -> OutgoingSettings:
    """Whom to believe: the CAs of both, as one set."""
    paths = [each.ca for each in (settings.uaa, settings.cc) if each and each.ca]
    skips = bool(settings.uaa and settings.uaa.skip_ssl_validation)
    return OutgoingSettings(ca_pems=tuple(Path(path).read_bytes() for path in paths), skip_verification=skips)


def read_secret(uaa: UaaFile) -> str:
    """From its file, whose last line end is none of it."""
    return uaa.client_secret or Path(uaa.client_secret_file).read_text().rstrip("\r\n")
