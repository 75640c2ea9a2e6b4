"""Whom we trust when we call UAA and Cloud Controller, and how long we wait."""

from __future__ import annotations

import ssl
import threading
from typing import Any

import msgspec
import pytest
import trustme
from controller.stand_in import Answer

from poplin.controller.access import outgoing as module
from poplin.controller.access.outgoing import Outgoing, OutgoingError, TrustError, make_trust
from poplin.controller.access.settings import OutgoingSettings


def get(settings: OutgoingSettings, url: str, **changed: Any) -> int:
    calls = Outgoing(msgspec.structs.replace(settings, **changed))
    try:
        return calls.get(url).status
    finally:
        calls.close()


def test_any_of_the_authorities_is_trusted(uaa, authority, outgoing_settings):
    other = trustme.CA().cert_pem.bytes()
    ours = authority.cert_pem.bytes()
    for pems in ((ours, other), (other, ours), (other + ours, b" \n"), (b"", ours)):
        assert get(outgoing_settings, f"{uaa.url}/token_keys", ca_pems=pems) == 200


@pytest.mark.parametrize("pems", [(), (b"",), (b"\n ", b"")])
def test_without_authorities_those_of_the_system_are_trusted(uaa, outgoing_settings, pems):
    with pytest.raises(OutgoingError, match=r"^http client: .*CERTIFICATE_VERIFY_FAILED"):
        get(outgoing_settings, f"{uaa.url}/token_keys", ca_pems=pems)
    trust = make_trust(OutgoingSettings(ca_pems=pems))
    usual = ssl.create_default_context()
    assert trust.cert_store_stats() == usual.cert_store_stats()


def test_an_authority_of_others_is_not_trusted(uaa, outgoing_settings):
    with pytest.raises(OutgoingError, match="CERTIFICATE_VERIFY_FAILED"):
        get(outgoing_settings, f"{uaa.url}/token_keys", ca_pems=(trustme.CA().cert_pem.bytes(),))


def test_the_name_must_be_the_certificates(uaa, outgoing_settings):
    with pytest.raises(OutgoingError, match="CERTIFICATE_VERIFY_FAILED"):
        get(outgoing_settings, uaa.url.replace("127.0.0.1", "localhost") + "/token_keys")


def test_verification_can_be_switched_off(uaa, outgoing_settings):
    assert get(outgoing_settings, f"{uaa.url}/token_keys", ca_pems=(), skip_verification=True) == 200


def test_an_intermediate_authority_may_be_where_trust_ends():
    middle = trustme.CA().create_child_ca()
    assert make_trust(OutgoingSettings(ca_pems=(middle.cert_pem.bytes(),))).verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN


@pytest.mark.parametrize(
    "pem", [b"banana", b"\xff\xfe", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(pem, authority):
    with pytest.raises(TrustError, match="a CA file for UAA or Cloud Controller"):
        make_trust(OutgoingSettings(ca_pems=(authority.cert_pem.bytes(), pem)))


def test_old_versions_of_tls_are_not_spoken():
    assert make_trust(OutgoingSettings()).minimum_version == ssl.TLSVersion.TLSv1_2


def test_who_does_not_answer_is_not_waited_for(uaa, outgoing_settings):
    end = threading.Event()
    uaa.before_answer = lambda call: end.wait(60)
    try:
        with pytest.raises(OutgoingError, match=r"^http client: "):
            get(outgoing_settings, f"{uaa.url}/token_keys", read_timeout=0.2)
    finally:
        end.set()


def test_who_answers_drop_by_drop_is_not_waited_for(uaa, outgoing_settings):
    with pytest.raises(OutgoingError, match=r"^read body: not complete after 0 s$"):
        get(outgoing_settings, f"{uaa.url}/token_keys", total_timeout=0.0)


def test_an_endless_answer_is_not_read(uaa, outgoing_settings, monkeypatch):
    monkeypatch.setattr(module, "MOST_BYTES", 100)
    uaa.answers["/token_keys"] = [Answer(200, b"x" * 101)]
    with pytest.raises(OutgoingError, match=r"^read body: more than 100 bytes$"):
        get(outgoing_settings, f"{uaa.url}/token_keys")


@pytest.mark.facts("cf-control-plane", 159)
def test_half_an_answer_is_told(uaa, outgoing_settings):
    uaa.hang_up_after = 10
    with pytest.raises(OutgoingError, match=r"^read body: "):
        get(outgoing_settings, f"{uaa.url}/token_keys")


def test_redirects_are_not_followed(uaa, outgoing_settings):
    uaa.answers["/token_keys"] = [Answer(302, b"")]
    assert get(outgoing_settings, f"{uaa.url}/token_keys") == 302
    assert len(uaa.calls) == 1


def test_a_proxy_of_the_environment_is_not_used(uaa, outgoing_settings, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    assert get(outgoing_settings, f"{uaa.url}/token_keys") == 200


def test_a_url_that_is_none_is_told(outgoing_settings):
    with pytest.raises(OutgoingError, match=r"^http client: "):
        get(outgoing_settings, "uaa.example.org/check_token")
