"""Certificates to begin with: a CA of this machine alone, one certificate for the server, one for whoever tries it.

They are made once and renewed when they are about to run out. Several instances may share the folder.
"""

from __future__ import annotations

import ipaddress
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

from poplin.controller.serve.tls import Files
from poplin.linux.atomicfile import write_atomic
from poplin.linux.folder import ensure_folder
from poplin.linux.lockfile import LockFile

CLIENT = "poplin-development-admin"  # the CN of the client's certificate
LIFETIME = timedelta(days=365)
RENEWAL = timedelta(days=30)  # before the end
SKEW = timedelta(minutes=5)  # clocks differ
KEY_BITS = 2048  # RSA, as the original's agents offer no other suite in TLS 1.2
PATIENCE = 60.0  # seconds another instance may take to make them
FOLDER_MODE = 0o700
NAMES = ("ca", "server", "client")


class Development(Struct, frozen=True):
    """Where they are."""

    folder: Path

    @property
    def server(self) -> Files:
        """Of a listener."""
        return Files(self.path("server.crt"), self.path("server.key"), self.path("ca.crt"))

    @property
    def client(self) -> Files:
        """Of a client, which believes the same CA."""
        return Files(self.path("client.crt"), self.path("client.key"), self.path("ca.crt"))

    def path(self, name: str) -> str:
        """One file."""
        return str(self.folder / name)


class Issued(Struct, frozen=True):
    """A certificate with its key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey


def ensure_development(folder: Path, now: datetime | None = None) -> Development:
    """The certificates in this folder, made or renewed if need be. Raises OSError, LockTimeout."""
    moment = now or datetime.now(UTC)
    ensure_folder(str(folder), FOLDER_MODE)
    with LockFile(str(folder / ".lock"), PATIENCE):
        if not all(is_good(folder / f"{name}.crt", folder / f"{name}.key", moment) for name in NAMES):
            for name, issued in zip(NAMES, issue_all(moment), strict=True):
                save(folder, name, issued)
    return Development(folder)


def is_good(certificate: Path, key: Path, now: datetime) -> bool:
    """Whether it is there and lasts."""
    try:
        found = x509.load_pem_x509_certificate(certificate.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return key.is_file() and found.not_valid_after_utc - now > RENEWAL


def issue_all(now: datetime) -> tuple[Issued, Issued, Issued]:
    """CA, server and client."""
    ca = issue("Poplin development CA", None, now, [(x509.BasicConstraints(ca=True, path_length=0), True)])
    names = x509.SubjectAlternativeName(local_names())
    server = issue("localhost", ca, now, [(names, False), use(ExtendedKeyUsageOID.SERVER_AUTH)])
    client = issue(CLIENT, ca, now, [use(ExtendedKeyUsageOID.CLIENT_AUTH)])
    return ca, server, client


def use(purpose: x509.ObjectIdentifier) -> tuple[x509.ExtensionType, bool]:
    """What the certificate is for."""
    return x509.ExtendedKeyUsage([purpose]), False


def local_names() -> list[x509.GeneralName]:
    """How this machine is called here."""
    hosts = dict.fromkeys(["localhost", socket.gethostname()])
    addresses = [x509.IPAddress(ipaddress.ip_address(each)) for each in ("127.0.0.1", "::1")]
    return [*(x509.DNSName(host) for host in hosts if host.isascii()), *addresses]


def issue(common: str, ca: Issued | None, now: datetime, extensions: list[tuple[x509.ExtensionType, bool]]) -> Issued:
    """A certificate, signed by the CA or by itself."""
    key = rsa.generate_private_key(65537, KEY_BITS)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
    signer = ca.key if ca else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(ca.certificate.subject if ca else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SKEW)
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), False)
    )
    for extension, is_critical in extensions:
        builder = builder.add_extension(extension, is_critical)
    return Issued(builder.sign(signer, hashes.SHA256()), key)


def save(folder: Path, name: str, issued: Issued) -> None:
    """The two files, the key first: a certificate without its key would be believed."""
    plain = serialization.NoEncryption()
    key = issued.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    write_atomic(str(folder / f"{name}.key"), key)
    write_atomic(str(folder / f"{name}.crt"), issued.certificate.public_bytes(serialization.Encoding.PEM))
