"""TLS of our listeners, 1.2 and above with forward secrecy, and whose clients enter (cf-control-plane §1.8, §2.2)."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

from msgspec import Struct

# For TLS 1.2; it has ECDHE-RSA-AES128-GCM-SHA256, the only one that the original's agents offer.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class Clients(Enum):
    """What a listener wants of clients."""

    NOTHING = ssl.CERT_NONE
    MAY_SHOW = ssl.CERT_OPTIONAL  # a certificate, which must be good if it is there
    MUST_SHOW = ssl.CERT_REQUIRED


class Files(Struct, frozen=True):
    """Paths of PEM files."""

    certificate: str
    key: str
    client_ca: str


class TlsError(Exception):
    """A file that cannot be used: the text names it and says why."""


def make_context(files: Files, clients: Clients) -> ssl.SSLContext:
    """What a listener shows and believes. Raises TlsError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    load_chain(context, files)
    if clients is not Clients.NOTHING:
        load_client_ca(context, files.client_ca)
    context.verify_mode = ssl.VerifyMode(clients.value)
    return context


def load_chain(context: ssl.SSLContext, files: Files) -> None:
    """Our own certificate."""
    try:
        context.load_cert_chain(files.certificate, files.key, password=refuse_password)
    except ssl.SSLError as error:
        reason = error.reason or error
        raise TlsError(f"{files.certificate} with key {files.key}: no certificate with its key ({reason})") from None
    except OSError as error:
        raise TlsError(f"{files.certificate} with key {files.key}: {error.strerror or error}") from None


def refuse_password() -> str:
    """Otherwise OpenSSL would ask on the terminal."""
    raise OSError("the key is encrypted; give it without a password, in a file that only we can read")


def load_client_ca(context: ssl.SSLContext, path: str) -> None:
    """Whose clients we believe."""
    try:
        context.load_verify_locations(path)
    except ssl.SSLError:
        raise TlsError(f"{path}: has no CA certificate in PEM") from None
    except OSError as error:
        raise TlsError(f"{path}: {error.strerror or error}") from None


def certificate_names(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names in a client's certificate as `SSLSocket.getpeercert` gives it: the CN, then DNS and URI names."""
    if not certificate:
        return ()
    subject: Sequence[Sequence[tuple[str, str]]] = certificate.get("subject", ())
    common = [value for relative in subject for key, value in relative if key == "commonName"]
    others = [value for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "URI")]
    return tuple(dict.fromkeys([*common, *others]))
