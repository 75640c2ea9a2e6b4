"""What clients get from the process itself, rather than from its parts (cf-control-plane §1.3, §1.10)."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import trustme
from controller.serve.server_lab import (
    POLICIES,
    Client,
    Papers,
    Server,
    curl,
    make_settings,
    serving,
    split_answer,
)
from controller.uaa import CLIENT, SECRET, Uaa

UPTIME = re.compile(r"Network policy server, up for \S+\n")
UUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


@pytest.mark.facts("cf-control-plane", 10, 11, 12, 22, 23)
@pytest.mark.parametrize("path", ["/", "/networking"])
def test_uptime_needs_nobody(server: Server, papers: Papers, path: str) -> None:
    status, headers, body = split_answer(curl("--cacert", papers.ca, f"{server.urls['external']}{path}").stdout)
    assert (status, bool(UPTIME.fullmatch(body))) == (200, True)
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-xss-protection"] == "1; mode=block"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["date"].endswith("GMT")
    assert "UptimeRequestTime" in curl(f"{server.urls['debug']}/metrics").stdout


@pytest.mark.facts("cf-control-plane", 122)
@pytest.mark.parametrize("path", ["/", "/health"])
def test_health_is_plain_http(server: Server, path: str) -> None:
    assert split_answer(curl(f"{server.urls['health']}{path}").stdout)[0] == 200


@pytest.mark.facts("cf-control-plane", 121)
def test_agents_are_told_to_keep_to_https(server: Server, stranger: Client) -> None:
    url = f"{server.urls['internal']}/networking/v1/internal/policies_last_updated"
    status, headers, body = split_answer(stranger.curl(url).stdout)
    assert (status, headers["strict-transport-security"]) == (200, "max-age=31536000")
    assert int(body) > 10**18


@pytest.mark.facts("cf-control-plane", 52)
def test_a_create_is_measured_by_the_api_and_by_the_store(server: Server, admin: Client) -> None:
    destination = {"id": "measured", "protocol": "tcp", "ports": {"start": 8080, "end": 8080}}
    body = json.dumps({"policies": [{"source": {"id": "measured"}, "destination": destination}]})
    url = f"{server.urls['external']}{POLICIES}"
    for path in ("", "/delete"):  # the server is others' too
        assert split_answer(admin.curl("--data", "@-", f"{url}{path}", data=body).stdout)[0] == 200
    scraped = curl(f"{server.urls['debug']}/metrics").stdout
    for name in ("CreatePoliciesRequestTime", "StoreCreateSuccessTime"):
        assert re.search(rf"^{name} \d", scraped, re.MULTILINE), name


@pytest.mark.facts("cf-control-plane", 24)
def test_id_of_a_request_goes_on_with_ours(server: Server, admin: Client) -> None:
    done = admin.curl("-H", "X-VCAP-Request-ID: abc", f"{server.urls['external']}{POLICIES}")
    assert re.fullmatch(f"abc::{UUID}", split_answer(done.stdout)[1]["x-vcap-request-id"])


@pytest.mark.facts("cf-control-plane", 25)
def test_log_level_changes_while_the_server_runs(server: Server, admin: Client) -> None:
    level = f"{server.urls['debug']}/log-level"
    assert split_answer(curl("--data", "debug", level).stdout)[0] == 200
    try:
        admin.curl(f"{server.urls['external']}{POLICIES}")
        served = server.wait_for_line("serving")[-1]
        assert re.search(rf"\.request_{UUID}\..*serving$", served["message"])
        assert (served["level"], served["data"]["path"]) == ("debug", POLICIES)
        assert server.wait_for_line("done")
    finally:
        curl("--data", "info", level)
    count = len(server.wait_for_line("done"))
    assert split_answer(curl("--data", "banana", level).stdout)[0] == 200
    admin.curl(f"{server.urls['external']}{POLICIES}")
    assert len(server.wait_for_line("done", 0)) == count


@pytest.mark.parametrize(("path", "said"), [("", "failed reading request body"), ("/delete", "invalid request body")])
def test_body_over_10_mib_is_refused_and_the_server_goes_on(
    server: Server, admin: Client, path: str, said: str
) -> None:
    url = f"{server.urls['external']}{POLICIES}"
    for options in ([], ["-H", "Transfer-Encoding: chunked"], ["-H", "Expect:"]):
        done = admin.curl(*options, "--data-binary", "@-", f"{url}{path}", data="x" * (11 << 20))
        status, _, body = split_answer(done.stdout)
        assert (status, json.loads(body)) == (400, {"error": said})
    assert split_answer(admin.curl(url).stdout)[0] == 200


def test_nothing_a_client_sends_makes_a_line_in_the_log(server: Server, admin: Client) -> None:
    evil = 'x"}\n{"level": "info", "message": "forged"}\u2028\x1b[31m'
    policy = {"source": {"id": evil}, "destination": {"id": "b", "protocol": "tcp", "ports": {"start": 1, "end": 1}}}
    body = json.dumps({"policies": [policy]})
    url = f"{server.urls['external']}{POLICIES}"
    done = admin.curl("-H", "X-VCAP-Request-ID: a\tb\x01{}", "--data", body, f"{url}?id=%0A%7B%22forged%22%3A1%7D")
    assert split_answer(done.stdout)[0] == 400
    assert [line for line in server.lines() if "timestamp" not in line] == []  # which reads every line


# With a UAA.


@pytest.fixture(scope="module")
def uaa() -> Iterator[Uaa]:
    with Uaa(trustme.CA()) as running:
        running.add_token("a-user", scope=["network.admin"], user_name="ada")
        running.add_token("a-client", scope=["network.admin"], sub="robot")
        yield running


@pytest.fixture(scope="module")
def with_uaa(tmp_path_factory: pytest.TempPathFactory, papers: Papers, uaa: Uaa) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("with-uaa")
    (folder / "secret").write_text(f"{SECRET}\n")
    (folder / "uaa.pem").write_bytes(uaa.ca_pem)
    table = {"url": uaa.url, "client": CLIENT, "client_secret_file": str(folder / "secret")}
    settings = make_settings(papers)
    with serving(folder, {**settings, "uaa": {**table, "ca": str(folder / "uaa.pem")}}) as running:
        yield running


@pytest.mark.facts("cf-control-plane", 14, 15, 16)
@pytest.mark.parametrize(("token", "subject"), [("a-user", "ada"), ("a-client", "robot")])
def test_whoami_over_tls(with_uaa: Server, papers: Papers, token: str, subject: str) -> None:
    url = f"{with_uaa.urls['external']}/networking/v1/external/whoami"
    done = curl("--cacert", papers.ca, "-H", f"Authorization: Bearer {token}", url)
    status, _, body = split_answer(done.stdout)
    assert (status, json.loads(body)) == (200, {"subject": subject})


def test_certificates_open_nothing_where_tokens_are_asked_for(with_uaa: Server, admin: Client) -> None:
    status, _, body = split_answer(admin.curl(f"{with_uaa.urls['external']}{POLICIES}").stdout)
    assert (status, json.loads(body)) == (401, {"error": "missing authorization header"})


# Without a database, and without TLS.


@pytest.mark.facts("cf-control-plane", 12, 23)
def test_uptime_needs_no_database_and_plain_http_promises_no_https(tmp_path: Path, papers: Papers, uaa: Uaa) -> None:
    (tmp_path / "uaa.pem").write_bytes(uaa.ca_pem)
    table = {"url": uaa.url, "client": CLIENT, "client_secret": SECRET, "ca": str(tmp_path / "uaa.pem")}
    settings = make_settings(papers, external={"listen": "127.0.0.1:0", "tls": False})
    (tmp_path / "poplin.toml").touch(0o600)
    with serving(tmp_path, {**settings, "uaa": table}) as running:
        url = running.urls["external"]
        assert url.startswith("http://")
        assert "\ntotalPolicies 0.0\n" in curl(f"{running.urls['debug']}/metrics").stdout
        with closing(sqlite3.connect(tmp_path / "state" / "controller" / "controller.sqlite")) as database:
            database.execute("DROP TABLE policies")
            database.commit()
        failed = split_answer(curl("-H", "Authorization: Bearer a-user", f"{url}{POLICIES}").stdout)
        assert (failed[0], json.loads(failed[2])) == (500, {"error": "database read failed"})
        status, headers, _ = split_answer(curl(f"{url}/").stdout)
        assert (status, "strict-transport-security" in headers) == (200, False)
        scraped = curl(f"{running.urls['debug']}/metrics").stdout
        assert "\nuptime " in scraped and "totalPolicies" not in scraped
