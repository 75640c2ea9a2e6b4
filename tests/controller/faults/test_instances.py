"""Two policy servers on one database: what one of them does, or fails to do, is no loss to the clients of both."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from controller.faults.fleet import Visitor, as_body, make_shared, read_policies, sharing, visit
from controller.faults.load_lab import loaded
from controller.serve.server_lab import POLICIES, Papers, Server
from controller.store_lab import policy

from poplin.policy.model import Policy

# A hundred apps, each a source and a destination.
HUNDRED = [policy(f"app-{number}", f"app-{(number + 1) % 100}") for number in range(100)]
WORKERS = 4


def read_all(papers: Papers, server: Server) -> list[Policy]:
    """What one of the servers lists."""
    with visit(papers, [server]) as visitor:
        return read_policies(visitor.ask("GET", POLICIES))


def test_clients_go_on_when_one_of_two_servers_is_killed(tmp_path: Path, papers: Papers, url: str) -> None:
    with sharing(tmp_path, make_shared(papers, url)) as (doomed, other):
        with loaded(papers, [doomed, other]) as load:
            load.go_on()
            doomed.process.kill()
            doomed.wait()
            load.go_on()
        load.check(read_all(papers, other))


def test_server_that_is_told_to_stop_answers_all_it_has_begun(tmp_path: Path, papers: Papers, url: str) -> None:
    with sharing(tmp_path, make_shared(papers, url, log_level="debug")) as (leaving, other):
        with loaded(papers, [leaving, other]) as load:
            load.go_on()
            leaving.tell(signal.SIGTERM)
            assert leaving.wait() == 0
            load.go_on()
        load.check(read_all(papers, other))
        begun = {line["data"]["request_id"] for line in leaving.wait_for_line("serving")}
        assert begun <= load.list_request_ids()


# A hundred requests at once.


@pytest.fixture
def visitors(tmp_path: Path, papers: Papers, url: str) -> Iterator[list[Visitor]]:
    """One for each worker; the servers have them in turn."""
    with sharing(tmp_path, make_shared(papers, url)) as servers, ExitStack() as stack:
        yield [stack.enter_context(visit(papers, servers, first=number % 2)) for number in range(WORKERS)]


def send_each(visitors: list[Visitor], verb: str) -> set[int]:
    """The statuses of a hundred requests, every policy by itself, by all workers at a time."""

    def work(visitor: Visitor, policies: list[Policy]) -> set[int]:
        return {visitor.ask("POST", POLICIES + verb, json=as_body([each])).status_code for each in policies}

    with ThreadPoolExecutor(WORKERS) as pool:
        shares = [HUNDRED[number::WORKERS] for number in range(WORKERS)]
        return set[int]().union(*pool.map(work, visitors, shares))


def list_tags(visitor: Visitor) -> list[str]:
    """The numbers of the tags in use."""
    return [each["tag"] for each in visitor.ask("GET", POLICIES.replace("policies", "tags")).json()["tags"]]


@pytest.mark.facts("cf-control-plane", 73, 74)
def test_a_hundred_creations_at_once_and_then_deletions(visitors: list[Visitor]) -> None:
    assert send_each(visitors, "") == {200}
    for visitor in visitors[:2]:
        assert sorted(read_policies(visitor.ask("GET", POLICIES))) == sorted(HUNDRED)
        assert list_tags(visitor) == [f"{number:02X}" for number in range(1, 101)]
    assert send_each(visitors, "/delete") == {200}
    for visitor in visitors[:2]:
        assert (read_policies(visitor.ask("GET", POLICIES)), list_tags(visitor)) == ([], [])
