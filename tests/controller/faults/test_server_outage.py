"""A database that crashes, or that does not answer any more: clients are told, and all goes on by itself.

SQLite has no server that could.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from controller.capi import Capi
from controller.faults.fleet import (
    AGENTS,
    Visitor,
    as_body,
    make_cloud_tables,
    make_shared,
    read_policies,
    sharing,
    visit,
)
from controller.faults.load_lab import loaded
from controller.serve.server_lab import PATIENCE, POLICIES, Papers, curl, make_client, split_answer
from controller.serve.server_lab import Server as PolicyServer
from controller.store_lab import SERVERS, Database, Server, policy
from controller.uaa import Uaa

pytestmark = pytest.mark.parametrize("database", SERVERS, indirect=True, scope="session")

ONE = as_body([policy("app-1", "app-2")])
TAGS = POLICIES.replace("policies", "tags")
BEARER = {"Authorization": "Bearer admin"}
Route = tuple[str, str, Any, str]  # method, path, body, text of the 500 without a database
# cf-control-plane §1.7, §2.3
EXTERNAL: tuple[Route, ...] = (
    ("GET", POLICIES, None, "database read failed"),
    ("POST", POLICIES, ONE, "database create failed"),
    ("POST", f"{POLICIES}/delete", ONE, "database delete failed"),
    ("POST", f"{POLICIES}/cleanup", None, "policies cleanup failed"),
    ("GET", TAGS, None, "database read failed"),
    ("GET", "/health", None, "check database failed"),
)
INTERNAL: tuple[Route, ...] = (
    ("GET", f"{AGENTS}/policies", None, "database read failed"),
    ("GET", f"{AGENTS}/policies_last_updated", None, "database read failed"),
    ("GET", f"{AGENTS}/security_groups", None, "database read failed"),
    ("GET", f"{AGENTS}/security_groups_last_updated", None, "database read failed"),
    ("PUT", f"{AGENTS}/tags", {"id": "ROUTER", "type": "router"}, "database create failed"),
)


@pytest.fixture
def server(database: Database) -> Server:
    """What runs the database."""
    assert isinstance(database, Server)
    return database


def ask_all(visitor: Visitor, routes: Sequence[Route]) -> None:
    """All of them at once; each has its text."""

    def ask(route: Route) -> None:
        method, path, body, text = route
        answer = visitor.ask(method, path, json=body)
        assert (path, answer.status_code, answer.json()) == (path, 500, {"error": text})

    with ThreadPoolExecutor(len(routes)) as pool:
        list(pool.map(ask, routes, timeout=PATIENCE))


def ask_health(server: PolicyServer, path: str = "/health") -> tuple[int, str]:
    """The answer of the listener that is plain HTTP."""
    status, _, body = split_answer(curl(f"{server.urls['health']}{path}").stdout)
    return status, body


def check_everything_fails(server: PolicyServer, external: Visitor, internal: Visitor) -> None:
    """Every answer that needs the database says so; how long the server is up needs none."""
    ask_all(external, EXTERNAL)
    ask_all(internal, INTERNAL)
    assert ask_health(server) == (500, '{"error": "check database failed"}')
    assert (external.ask("GET", "/").status_code, ask_health(server, "/")[0]) == (200, 200)


@contextmanager
def with_tokens(
    folder: Path, papers: Papers, url: str, uaa: Uaa, cloud: Capi, **database: Any
) -> Iterator[tuple[PolicyServer, Visitor, Visitor]]:
    """A policy server, an administrator and an agent."""
    uaa.add_token("admin", scope=["network.admin"], user_name="ada")
    settings = make_shared(papers, url)
    tables = {**make_cloud_tables(folder, uaa, cloud), "database": {"url": url, **database}}
    with sharing(folder, {**settings, **tables}, 1) as [server]:
        urls = [server.urls["external"]]
        with Visitor(make_client(papers), urls, BEARER) as external, visit(papers, [server], "internal") as internal:
            yield server, external, internal


@pytest.mark.facts("cf-control-plane", 12, 13)
def test_a_crash_of_the_database_loses_nothing_that_was_acknowledged(
    server: Server, tmp_path: Path, papers: Papers, url: str
) -> None:
    with sharing(tmp_path, make_shared(papers, url)) as servers:
        with loaded(papers, servers) as load:
            load.go_on()
            server.stop()
            try:
                load.fail()
                for each in servers:
                    assert ask_health(each) == (500, '{"error": "check database failed"}')
                    assert ask_health(each, "/")[0] == 200
            finally:
                server.start()
            load.go_on()
            load.wait_for(lambda: all(ask_health(each) == (200, "") for each in servers))
        with visit(papers, servers) as visitor:
            load.check(read_policies(visitor.ask("GET", POLICIES)))


def test_connections_that_the_database_ends_lose_nothing(
    server: Server, tmp_path: Path, papers: Papers, url: str
) -> None:
    with sharing(tmp_path, make_shared(papers, url)) as servers:
        with loaded(papers, servers) as load:
            for _ in range(5):
                load.go_on(3)
                server.drop_connections()
            load.go_on()
        with visit(papers, servers) as visitor:
            load.check(read_policies(visitor.ask("GET", POLICIES)))


@pytest.mark.facts("cf-control-plane", 12, 13, 75)
def test_without_a_database_every_route_has_its_text(
    server: Server, tmp_path: Path, papers: Papers, url: str, uaa: Uaa, cloud: Capi
) -> None:
    with with_tokens(tmp_path, papers, url, uaa, cloud) as (policy_server, external, internal):
        server.stop()
        try:
            check_everything_fails(policy_server, external, internal)
        finally:
            server.start()
        assert external.ask("POST", POLICIES, json=ONE).status_code == 200


def family(process: int) -> list[int]:
    """A process and its children."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text()
    return [process, *map(int, children.split())]


@contextmanager
def silent(server: Server) -> Iterator[None]:
    """A database that takes what it is sent, and does not answer."""
    assert server.process is not None
    processes = [server.process.pid]
    try:
        os.kill(server.process.pid, signal.SIGSTOP)  # it first, so that it has no more children then
        processes = family(server.process.pid)
        for each in processes:
            os.kill(each, signal.SIGSTOP)
        yield
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)


@pytest.mark.facts("cf-control-plane", 12, 13, 75)
def test_a_database_that_does_not_answer_is_not_waited_for(
    server: Server, tmp_path: Path, papers: Papers, url: str, uaa: Uaa, cloud: Capi
) -> None:
    hasty = {"connect_timeout": 1, "answer_timeout": 1}
    with with_tokens(tmp_path, papers, url, uaa, cloud, **hasty) as (policy_server, external, internal):
        assert external.ask("POST", POLICIES, json=ONE).status_code == 200
        with silent(server):
            check_everything_fails(policy_server, external, internal)
        assert len(read_policies(external.ask("GET", POLICIES))) == 1
