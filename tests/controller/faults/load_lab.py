"""Clients that never stop creating and deleting policies, and keep account of what they were told.

An acknowledged write must be found later. One that was refused, or never answered, may have happened or not, so nothing
is held against the server there; it is not touched again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Event

from controller.faults.fleet import AGENTS, Visitor, as_body, visit
from controller.serve.server_lab import PATIENCE, POLICIES, Papers, Server
from controller.store_lab import policy

from poplin.policy.model import Policy

PAUSE = 0.05  # seconds before a client that failed tries again
REFUSALS = {"": "database create failed", "/delete": "database delete failed"}
REQUEST_ID = "x-vcap-request-id"


class Writer:
    """Creates one policy after another, and deletes every second again."""

    def __init__(self, name: str, visitor: Visitor) -> None:
        self.name = name
        self.visitor = visitor
        self.known: dict[Policy, bool] = {}  # of those whose last write was acknowledged: whether it is there
        self.asked: set[Policy] = set()
        self.acknowledged = 0
        self.failed = 0
        self.request_ids: set[str] = set()  # of all answers

    def work(self, ended: Event) -> None:
        """Until it ends."""
        for number in count(1):
            if ended.is_set():
                return
            wanted = policy(f"app-{self.name}", f"app-{number % 50}", number)
            self.asked.add(wanted)
            if self.write("", wanted, is_there=True) and number % 2:
                self.write("/delete", wanted, is_there=False)

    def write(self, verb: str, wanted: Policy, *, is_there: bool) -> bool:
        """Whether it was acknowledged; a refusal has the text of the fact sheet."""
        self.known.pop(wanted, None)
        answer = self.visitor.find_answer("POST", POLICIES + verb, json=as_body([wanted]))
        if answer is not None:
            self.request_ids.add(answer.headers[REQUEST_ID])
        if answer is not None and answer.status_code == 200:
            self.known[wanted] = is_there
            self.acknowledged += 1
            return True
        if answer is not None:
            assert (answer.status_code, answer.json()) == (500, {"error": REFUSALS[verb]})
        self.failed += 1
        time.sleep(PAUSE)
        return False


class Watcher:
    """An agent that asks when policies were last changed, and remembers every answer."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.moments: list[int] = []  # UnixNano
        self.request_ids: set[str] = set()

    def work(self, ended: Event) -> None:
        """Until it ends."""
        while not ended.wait(PAUSE):
            answer = self.visitor.find_answer("GET", f"{AGENTS}/policies_last_updated")
            if answer is None:
                continue
            self.request_ids.add(answer.headers[REQUEST_ID])
            if answer.status_code == 200:
                self.moments.append(json.loads(answer.content))
            else:
                assert (answer.status_code, answer.json()) == (500, {"error": "database read failed"})


class Load:
    """All of them at work."""

    def __init__(self, writers: Sequence[Writer], watcher: Watcher) -> None:
        self.writers = writers
        self.watcher = watcher
        self.ended = Event()
        self.running: list[Future[None]] = []

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Fails after a long time, or when one of them does."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            for each in self.running:
                if each.done():
                    each.result()
            assert time.monotonic() < deadline, [(each.name, each.acknowledged, each.failed) for each in self.writers]
            time.sleep(0.02)

    def go_on(self, writes: int = 10) -> None:
        """Wait until each writer has as many acknowledged more, and the watcher has heard of it."""
        targets = [each.acknowledged + writes for each in self.writers]
        heard = len(self.watcher.moments)
        self.wait_for(
            lambda: all(each.acknowledged >= target for each, target in zip(self.writers, targets, strict=True))
        )
        self.wait_for(lambda: len(self.watcher.moments) > heard)

    def fail(self) -> None:
        """Wait until a write of each has failed."""
        before = {each: each.failed for each in self.writers}
        self.wait_for(lambda: all(each.failed > failed for each, failed in before.items()))

    def list_request_ids(self) -> set[str]:
        """Of all that was answered."""
        return set[str]().union(self.watcher.request_ids, *(each.request_ids for each in self.writers))

    def check(self, stored: Iterable[Policy]) -> None:
        """Compare all that was said with what is there in the end."""
        listed = list(stored)
        found = set(listed)
        assert len(found) == len(listed)
        for each in self.writers:
            assert {one for one, is_there in each.known.items() if is_there} <= found
            assert found.isdisjoint(one for one, is_there in each.known.items() if not is_there)
        assert found <= set[Policy]().union(*(each.asked for each in self.writers))
        assert self.watcher.moments == sorted(self.watcher.moments)


@contextmanager
def loaded(papers: Papers, servers: Sequence[Server], writers: int = 3) -> Iterator[Load]:
    """Clients at work, each beginning with another server; in the end they have stopped."""
    with ExitStack() as stack, ThreadPoolExecutor(writers + 1) as pool:
        visitors = [visit(papers, servers, first=number % len(servers)) for number in range(writers)]
        agent = visit(papers, servers, "internal")
        for visitor in (*visitors, agent):
            stack.enter_context(visitor)
        load = Load([Writer(f"w{number}", visitor) for number, visitor in enumerate(visitors)], Watcher(agent))
        jobs = (*(each.work for each in load.writers), load.watcher.work)
        load.running = [pool.submit(job, load.ended) for job in jobs]
        try:
            yield load
        finally:
            load.ended.set()
        for running in load.running:
            running.result(PATIENCE)
