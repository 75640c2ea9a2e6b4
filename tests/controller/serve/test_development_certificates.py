"""Certificates to begin with: made once, renewed in time, and nobody else's to read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from poplin.controller.serve.development import CLIENT, LIFETIME, ensure_development
from poplin.controller.serve.tls import Clients, certificate_names, make_context

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def read_all(folder: Path) -> dict[str, bytes]:
    """The files."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_they_are_made_once(tmp_path: Path) -> None:
    made = ensure_development(tmp_path / "a" / "b", NOW)
    before = read_all(made.folder)
    assert {path.stat().st_mode & 0o777 for path in made.folder.glob("*.*t")} == {0o600}
    assert ensure_development(made.folder, NOW + timedelta(days=300)) == made
    assert read_all(made.folder) == before


def test_they_are_renewed_before_they_run_out(tmp_path: Path) -> None:
    made = ensure_development(tmp_path, NOW)
    before = read_all(tmp_path)
    later = NOW + LIFETIME - timedelta(days=20)
    ensure_development(tmp_path, later)
    assert read_all(tmp_path)["client.crt"] != before["client.crt"]
    renewed = x509.load_pem_x509_certificate(Path(made.client.certificate).read_bytes())
    assert renewed.not_valid_after_utc == later + LIFETIME


def test_one_that_is_lost_is_made_again_and_all_fit(tmp_path: Path) -> None:
    made = ensure_development(tmp_path)
    (tmp_path / "server.key").unlink()
    ensure_development(tmp_path)
    make_context(made.server, Clients.MUST_SHOW)
    ca = x509.load_pem_x509_certificate((tmp_path / "ca.crt").read_bytes())
    for name in ("server", "client"):
        x509.load_pem_x509_certificate((tmp_path / f"{name}.crt").read_bytes()).verify_directly_issued_by(ca)


def test_names_of_a_certificate_are_common_name_dns_and_uri() -> None:
    found = {
        "subject": ((("countryName", "DE"),), (("commonName", CLIENT),)),
        "subjectAltName": (("DNS", "a.example"), ("IP Address", "1.2.3.4"), ("URI", "spiffe://a"), ("DNS", CLIENT)),
    }
    assert certificate_names(found) == (CLIENT, "a.example", "spiffe://a")
    assert certificate_names(None) == certificate_names({}) == ()
