"""A policy agent of somebody else's: asks whether anything is new, and only then for the policies of its apps.

The loop of cf-control-plane §2.3, in both versions of the internal API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from controller.faults.fleet import Visitor, as_body, make_shared, sharing, visit
from controller.serve.server_lab import POLICIES, Papers, Server
from controller.store_lab import Database, policy

AB = policy("app-a", "app-b", 8080)
BC = policy("app-b", "app-c", 7000, 7010)
CD = policy("app-c", "app-d", 53)
CELL = ("app-a", "app-b")  # the apps that have containers here


class Agent:
    """What runs on one cell."""

    def __init__(self, visitor: Visitor, version: str) -> None:
        self.visitor = visitor
        self.base = f"/networking/{version}/internal"
        self.known = 0  # UnixNano
        self.policies: list[dict[str, Any]] = []

    def poll(self) -> bool:
        """Once; whether it fetched policies."""
        moment = json.loads(self.visitor.ask("GET", f"{self.base}/policies_last_updated").content)
        if moment <= self.known:
            return False
        answer = self.visitor.ask("GET", f"{self.base}/policies?id={','.join(CELL)}")
        self.policies = answer.json()["policies"]
        assert (answer.status_code, answer.json()["total_policies"]) == (200, len(self.policies))
        self.known = moment
        return True

    def list_rules(self) -> list[tuple[str, str, str, str]]:
        """Tags, protocol and ports, as a firewall needs them."""
        return [
            (each["source"]["tag"], each["destination"]["tag"], each["destination"]["protocol"], self.read_ports(each))
            for each in self.policies
        ]

    def read_ports(self, policy: dict[str, Any]) -> str:
        """An agent of v0 knows single ports, one of v1 ranges."""
        destination = policy["destination"]
        return f"{destination['port']}" if "/v0/" in self.base else "{start}-{end}".format(**destination["ports"])


@pytest.fixture(scope="module")
def servers(database: Database, tmp_path_factory: pytest.TempPathFactory, papers: Papers) -> Iterator[list[Server]]:
    """An administrator talks to the one, the agent to the other."""
    with sharing(tmp_path_factory.mktemp("agent"), make_shared(papers, database.new_url())) as running:
        yield running


@pytest.fixture
def admin(servers: list[Server], papers: Papers) -> Iterator[Visitor]:
    """In the end there is no policy."""
    with visit(papers, servers[:1]) as visitor:
        yield visitor
        assert visitor.ask("POST", f"{POLICIES}/delete", json=as_body([AB, BC, CD])).status_code == 200


@pytest.mark.parametrize(
    ("version", "single", "ranges"), [("v0", "8080", []), ("v1", "8080-8080", [("02", "03", "tcp", "7000-7010")])]
)
def test_agent_hears_of_every_change_once(
    servers: list[Server], admin: Visitor, papers: Papers, version: str, single: str, ranges: list[tuple[str, ...]]
) -> None:
    with visit(papers, servers[1:], "internal") as visitor:
        agent = Agent(visitor, version)
        assert [agent.poll(), agent.poll(), agent.list_rules()] == [True, False, []]
        for each in (AB, BC, CD):
            assert admin.ask("POST", POLICIES, json=as_body([each])).status_code == 200
        assert [agent.poll(), agent.poll()] == [True, False]
        assert agent.list_rules() == [("01", "02", "tcp", single), *ranges]
        admin.ask("POST", f"{POLICIES}/delete", json=as_body([AB]))
        assert [agent.poll(), agent.poll(), agent.list_rules()] == [True, False, ranges]


def test_agent_that_starts_again_has_the_same_tags(servers: list[Server], admin: Visitor, papers: Papers) -> None:
    admin.ask("POST", POLICIES, json=as_body([AB, BC]))
    with visit(papers, servers, "internal") as visitor, visit(papers, servers[::-1], "internal") as other:
        before, after = Agent(visitor, "v1"), Agent(other, "v1")
        assert (before.poll(), after.poll()) == (True, True)
        assert before.list_rules() == after.list_rules()
        assert before.known == after.known
