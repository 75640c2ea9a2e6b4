"""Who gets in: certificates, TLS versions, and what becomes of those who are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from controller.serve.server_lab import POLICIES, Client, Papers, Server, curl, make_client, make_papers, split_answer

LISTED = "/networking/v1/internal/policies"
AGENTS_SUITE = "ECDHE-RSA-AES128-GCM-SHA256"  # the only one that the original's agents offer


def ask_internal(client: Client, server: Server, *options: str) -> tuple[int, str]:
    """curl's exit status and what it got."""
    done = client.curl(*options, f"{server.urls['internal']}{LISTED}")
    return done.returncode, done.stdout


def assert_goes_on(server: Server, client: Client) -> None:
    """Others are served as before."""
    status, output = ask_internal(client, server)
    assert (status, split_answer(output)[0]) == (0, 200)


@pytest.mark.facts("cf-control-plane", 110)
def test_agent_without_a_certificate_is_refused_and_the_server_goes_on(
    server: Server, papers: Papers, stranger: Client
) -> None:
    before = len(server.wait_for_line("tls-handshake-failed", 0))
    done = curl("--cacert", papers.ca, f"{server.urls['internal']}{LISTED}")
    assert (done.returncode != 0, done.stdout) == (True, "")
    said = server.wait_for_line("tls-handshake-failed", before + 1)[-1]["data"]
    assert (said["listener"], said["error"]) == ("internal", "PEER_DID_NOT_RETURN_A_CERTIFICATE")
    assert_goes_on(server, stranger)


@pytest.mark.facts("cf-control-plane", 110)
@pytest.mark.parametrize("name", ["internal", "external"])
def test_certificate_of_another_ca_is_refused(
    server: Server, papers: Papers, stranger: Client, tmp_path: Path, name: str
) -> None:
    before = len(server.wait_for_line("tls-handshake-failed", 0))
    foreign = make_client(make_papers(tmp_path / "foreign"))
    done = Client(papers.ca, foreign.certificate, foreign.key).curl(f"{server.urls[name]}{LISTED}")
    assert (done.returncode != 0, done.stdout) == (True, "")
    said = server.wait_for_line("tls-handshake-failed", before + 1)[-1]["data"]
    assert said["error"].startswith("CERTIFICATE_VERIFY_FAILED: ")
    assert_goes_on(server, stranger)


def test_expired_certificate_is_refused(server: Server, papers: Papers, stranger: Client) -> None:
    before = len(server.wait_for_line("tls-handshake-failed", 0))
    status, output = ask_internal(make_client(papers, expired=True), server)
    assert (status != 0, output) == (True, "")
    said = server.wait_for_line("tls-handshake-failed", before + 1)[-1]["data"]
    assert said["error"] == "CERTIFICATE_VERIFY_FAILED: certificate has expired"
    assert_goes_on(server, stranger)


def test_plain_http_on_a_tls_port_is_one_line_in_the_log(server: Server, stranger: Client) -> None:
    before = len(server.wait_for_line("tls-handshake-failed", 0))
    done = curl(f"http://localhost:{server.port('internal')}{LISTED}")
    assert (done.returncode != 0, done.stdout) == (True, "")
    said = server.wait_for_line("tls-handshake-failed", before + 1)[-1]["data"]
    assert said["error"] == "HTTP_REQUEST"
    assert_goes_on(server, stranger)


@pytest.mark.parametrize("options", [("--tls-max", "1.2", "--ciphers", AGENTS_SUITE), ("--tlsv1.3",)])
def test_agents_of_the_original_and_newer_ones_are_understood(
    server: Server, stranger: Client, options: tuple[str, ...]
) -> None:
    status, output = ask_internal(stranger, server, *options)
    assert (status, split_answer(output)[0]) == (0, 200)


def test_tls_older_than_1_2_is_not_spoken(server: Server, stranger: Client) -> None:
    status, output = ask_internal(stranger, server, "--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0")
    assert (status != 0, output) == (True, "")


def test_external_api_wants_a_certificate_that_is_configured(
    server: Server, papers: Papers, admin: Client, stranger: Client
) -> None:
    url = f"{server.urls['external']}{POLICIES}"
    status, headers, body = split_answer(curl("--cacert", papers.ca, url).stdout)
    assert (status, headers["www-authenticate"], json.loads(body)) == (
        401,
        "Bearer",
        {"error": "missing client certificate"},
    )
    assert split_answer(stranger.curl(url).stdout)[0] == 401
    assert split_answer(admin.curl(url).stdout)[0] == 200
