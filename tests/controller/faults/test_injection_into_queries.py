"""What means something to a database, as an id in a query, where it is one that nobody has."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from controller.capi import Capi
from controller.faults.evil import EVIL, escape, tempting, unharmed
from controller.faults.fleet import AGENTS, Visitor, make_shared, read_policies, visit
from controller.serve.server_lab import POLICIES, Papers, Server
from controller.store_lab import Database
from controller.uaa import Uaa

PATTERNS = ("_____", "KNOWN", "known.", "k-n-o-w-n")  # ids that might be, and that are not `known`


@pytest.fixture(scope="module")
def server(
    database: Database, tmp_path_factory: pytest.TempPathFactory, papers: Papers, uaa: Uaa, cloud: Capi
) -> Iterator[Server]:
    settings = make_shared(papers, database.new_url(), log_level="debug")
    with tempting(tmp_path_factory.mktemp("tables"), papers, uaa, cloud, settings) as running:
        yield running


@pytest.fixture
def admin(papers: Papers, server: Server) -> Iterator[Visitor]:
    with unharmed(papers, server) as visitor:
        yield visitor


@pytest.fixture
def agent(papers: Papers, server: Server, admin: Visitor) -> Iterator[Visitor]:
    with visit(papers, [server], "internal") as visitor:
        yield visitor


@pytest.mark.parametrize("names", [("id",), ("source_id", "dest_id")])
def test_in_a_query_it_is_no_policy(admin: Visitor, names: tuple[str, ...]) -> None:
    for text in (*EVIL, *PATTERNS):
        query = "&".join(f"{name}={escape(text)}" for name in names)
        assert read_policies(admin.ask("GET", f"{POLICIES}?{query}")) == [], text


def test_in_a_query_of_an_agent_it_is_nothing(agent: Visitor) -> None:
    for text in (*EVIL, *PATTERNS):
        assert read_policies(agent.ask("GET", f"{AGENTS}/policies?id={escape(text)}")) == [], text
        groups = agent.ask("GET", f"{AGENTS}/security_groups?space_guids={escape(text)}")
        assert (groups.status_code, groups.json()) == (200, {"next": 0, "security_groups": []}), text
