"""From the start to the end of the process: what it says, what it waits for, what a signal does."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import trustme
from controller.serve.server_lab import (
    ADMIN,
    PATIENCE,
    POLICIES,
    Client,
    Papers,
    Server,
    curl,
    make_client,
    make_papers,
    make_settings,
    serving,
    split_answer,
    starting,
    to_toml,
)
from controller.uaa import CLIENT, SECRET, Uaa

from poplin.controller.serve.development import CLIENT as CERTIFIED

ANYWHERE = {"listen": "127.0.0.1:0"}
ELSEWHERE = {"health_listen": "127.0.0.1:0", "debug_listen": "127.0.0.1:0"}
DEVELOPMENT = {"controller": {"external": ANYWHERE, "internal": ANYWHERE, **ELSEWHERE}}
HOUR = 3600.0
BODY = b'{"policies":[{"source":{"id":"a"},"destination":{"id":"b","protocol":"tcp","ports":{"start":1,"end":1}}}]}'
HEAD = b"POST %s HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (
    POLICIES.encode(),
    len(BODY),
)


def made_client(server: Server) -> Client:
    """With the certificate that was made for development."""
    return Client(server.files["ca"], server.files["certificate"], server.files["key"])


def test_without_certificates_it_makes_its_own_and_is_not_open(tmp_path: Path) -> None:
    with serving(tmp_path, DEVELOPMENT) as server:
        url = f"{server.urls['external']}{POLICIES}"
        assert split_answer(made_client(server).curl(url).stdout)[0] == 200
        assert split_answer(curl("--cacert", server.files["ca"], url).stdout)[0] == 401
        kept = list((tmp_path / "state").rglob("*.key"))
        assert {path.stat().st_mode & 0o777 for path in kept} == {0o600}
        before = {path: path.read_bytes() for path in kept}
    with serving(tmp_path, DEVELOPMENT) as server:
        assert {path: path.read_bytes() for path in kept} == before


def test_name_for_development_means_nothing_to_a_real_ca(tmp_path: Path, papers: Papers) -> None:
    settings = make_settings(papers, internal=ANYWHERE)
    with serving(tmp_path, settings) as server:
        assert server.files  # were made, for the internal API
        url = f"{server.urls['external']}{POLICIES}"
        assert split_answer(make_client(papers, CERTIFIED).curl(url).stdout)[0] == 401


def test_several_instances_start_at_once_on_one_database(tmp_path: Path) -> None:
    file = tmp_path / "poplin.toml"
    file.write_text(to_toml(DEVELOPMENT))
    with ExitStack() as stack:
        servers = [stack.enter_context(starting(tmp_path, "--config-file", str(file))) for _ in range(3)]
        for server in servers:
            server.wait_until_ready()
        first, second, third = servers
        policy = {"source": {"id": "a"}, "destination": {"id": "b", "protocol": "tcp", "ports": {"start": 1, "end": 1}}}
        body = json.dumps({"policies": [policy]})
        made_client(first).curl("--data", body, f"{first.urls['external']}{POLICIES}")
        first.process.kill()
        for other in (second, third):
            answer = split_answer(made_client(other).curl(f"{other.urls['external']}{POLICIES}").stdout)
            assert json.loads(answer[2])["total_policies"] == 1


@pytest.mark.facts("cf-control-plane", 167)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_it_well(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path, DEVELOPMENT) as server:
        server.tell(number)
        assert server.wait() == 0
        assert server.lines()[-1]["message"] == "poplin.controller.process.stopped"


@contextmanager
def held_requests(
    tmp_path: Path, papers: Papers, **limits: float
) -> Iterator[tuple[Server, threading.Event, threading.Event]]:
    """A server whose UAA answers only once the second event is set; the first is set when it was asked."""
    asked, may_go = threading.Event(), threading.Event()
    with Uaa(trustme.CA()) as uaa:
        uaa.add_token("a-user", scope=["network.admin"], user_name="ada")
        uaa.before_answer = lambda call: (asked.set(), may_go.wait(PATIENCE))
        (tmp_path / "uaa.pem").write_bytes(uaa.ca_pem)
        (tmp_path / "secret").write_text(SECRET)
        table = {"url": uaa.url, "client": CLIENT, "client_secret_file": str(tmp_path / "secret")}
        settings = {**make_settings(papers, limits=limits), "uaa": {**table, "ca": str(tmp_path / "uaa.pem")}}
        try:
            with serving(tmp_path, settings) as server:
                yield server, asked, may_go
        finally:
            may_go.set()


def test_request_that_runs_gets_its_answer_and_no_new_client_does(tmp_path: Path, papers: Papers) -> None:
    settings = make_settings(papers, limits={"body": HOUR, "body_pause": HOUR, "drain": HOUR})
    with serving(tmp_path, settings) as server:
        port = server.port("external")
        with make_client(papers, ADMIN).connect(port) as client:
            client.sendall(HEAD)
            assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"  # so it is being worked on
            server.tell(signal.SIGTERM)
            server.wait_for_line("stopping")
            with pytest.raises(ConnectionRefusedError):
                while True:  # until the listener is closed, a moment after the line
                    socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
            client.sendall(BODY)
            assert client.recv(100).startswith(b"HTTP/1.1 200 ")
        assert server.wait() == 0


def test_request_that_takes_too_long_keeps_nobody(tmp_path: Path, papers: Papers) -> None:
    with held_requests(tmp_path, papers, drain=0.1) as (server, asked, _):
        arguments = ("--cacert", papers.ca, "-H", "Authorization: Bearer a-user", server.urls["external"] + POLICIES)
        request = threading.Thread(target=curl, args=arguments)
        request.start()
        try:
            assert asked.wait(PATIENCE)
            server.tell(signal.SIGTERM)
            assert server.wait() == 0
            assert server.lines()[-1]["message"].endswith(".stopped-with-requests-unanswered")
        finally:
            server.process.kill()
            request.join(PATIENCE)


def test_second_signal_ends_it_at_once(tmp_path: Path, papers: Papers) -> None:
    with held_requests(tmp_path, papers) as (server, asked, _):
        arguments = ("--cacert", papers.ca, "-H", "Authorization: Bearer a-user", server.urls["external"] + POLICIES)
        request = threading.Thread(target=curl, args=arguments)
        request.start()
        try:
            assert asked.wait(PATIENCE)
            server.tell(signal.SIGTERM)
            server.wait_for_line("stopping")
            server.tell(signal.SIGTERM)
            assert server.wait() == 128 + signal.SIGTERM
        finally:
            server.process.kill()
            request.join(PATIENCE)


def test_sighup_takes_new_certificates_and_a_mistake_changes_nothing(tmp_path: Path, papers: Papers) -> None:
    settings = make_settings(papers)
    with serving(tmp_path, settings) as server:
        url = f"{server.urls['external']}{POLICIES}"
        newer = make_papers(tmp_path / "newer")
        client = make_client(newer, ADMIN)
        assert client.curl(url).returncode != 0
        certificate = Path(settings["controller"]["external"]["certificate"])
        kept = certificate.read_bytes()
        certificate.write_text("no certificate")
        server.tell(signal.SIGHUP)
        assert "no certificate" in server.wait_for_line("not-reloaded")[-1]["data"]["error"]
        certificate.write_bytes(kept)
        assert split_answer(make_client(papers, ADMIN).curl(url).stdout)[0] == 200
        (tmp_path / "poplin.toml").write_text(to_toml(make_settings(newer, log_level="debug")))
        server.tell(signal.SIGHUP)
        server.wait_for_line("reloaded")
        assert split_answer(client.curl(url).stdout)[0] == 200
        assert server.wait_for_line("serving")


def test_it_may_have_as_many_clients_as_the_kernel_allows(tmp_path: Path) -> None:
    with serving(tmp_path, DEVELOPMENT) as server:
        now, most = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        assert now == most


def test_systemd_hears_when_it_is_ready_and_when_it_stops(tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(address)
        heard.settimeout(PATIENCE)
        with serving(tmp_path, DEVELOPMENT, NOTIFY_SOCKET=address) as server:
            assert heard.recv(100) == b"READY=1"
            server.tell(signal.SIGTERM)
            assert heard.recv(100) == b"STOPPING=1"
            assert server.wait() == 0


def test_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = {"controller": {**DEVELOPMENT["controller"], "debug_listen": f"127.0.0.1:{port}"}}
        (tmp_path / "poplin.toml").write_text(to_toml(settings))
        with starting(tmp_path, "--config-file", str(tmp_path / "poplin.toml")) as server:
            assert server.wait() == 1
            said = (tmp_path / "log-0").read_text()
    assert said == f"poplin controller: 127.0.0.1:{port}: cannot listen there: {os.strerror(98)}\n"


# Files of the original's.

ORIGINAL = {
    "listen_host": "127.0.0.1",
    "listen_port": 1,
    "log_prefix": "testprefix",
    "debug_server_host": "127.0.0.1",
    "debug_server_port": 1,
    "uaa_client": "c",
    "uaa_client_secret": "s",
    "uaa_url": "http://127.0.0.1",
    "uaa_port": 1,
    "cc_url": "http://127.0.0.1:1",
    "metron_address": "127.0.0.1:3457",
    "tag_length": 1,
    "cleanup_interval": 60,
    "max_policies": 2,
    "database_migration_timeout": 600,
}


@pytest.mark.facts("cf-control-plane", 165)
def test_database_that_is_not_there_is_said_in_the_words_of_the_original(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    database = {"type": "postgres", "user": "u", "password": "p", "host": "127.0.0.1", "port": port, "timeout": 1}
    file = tmp_path / "policy-server.json"
    file.write_text(json.dumps({**ORIGINAL, "database": {**database, "database_name": "d"}}))
    file.chmod(0o600)
    with starting(tmp_path, f"-config-file={file}") as server:
        assert server.wait() == 1
    said = (tmp_path / "log-0").read_text()
    wanted = "poplin controller: testprefix.policy-server: db connect: unable to ping: context deadline exceeded"
    assert said.startswith(wanted) and "Traceback" not in said


@pytest.mark.facts("cf-control-plane", 166)
def test_configuration_that_is_not_there_is_said_in_the_words_of_the_original(tmp_path: Path) -> None:
    with starting(tmp_path, "-config-file", str(tmp_path / "none.json")) as server:
        assert server.wait() == 1
    wanted = "poplin controller: cfnetworking.policy-server: could not read config file: reading config: open "
    assert (tmp_path / "log-0").read_text() == f"{wanted}{tmp_path}/none.json: no such file or directory\n"
