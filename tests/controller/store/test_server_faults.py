"""Servers that drop connections, crash, or keep one waiting: what was acknowledged is there, and all goes on by itself.

SQLite has no server that could.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from threading import Event, Thread

import pytest
import sqlalchemy as sql
from controller.store_lab import LIMIT, SERVERS, Database, Server, policy

from poplin.controller.store import Pool, Store, StoreError, open_store
from poplin.controller.store.schema import policies_info
from poplin.policy.model import Policy

pytestmark = pytest.mark.parametrize("database", SERVERS, indirect=True, scope="session")


@pytest.fixture
def server(database: Database) -> Server:
    """What runs the database."""
    assert isinstance(database, Server)
    return database


class Load:
    """Writers that never stop, each policy by itself."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.acknowledged: list[Policy] = []
        self.failures: list[str] = []
        self.ended = Event()

    def write(self, name: str) -> None:
        """Until it ends."""
        for number in count(1):
            if self.ended.is_set():
                return
            wanted = policy(f"app-{name}", f"app-{number % 50}", number)
            try:
                self.store.create_policies([wanted])
            except StoreError as error:
                self.failures.append(str(error))
                time.sleep(0.05)
            else:
                self.acknowledged.append(wanted)

    def wait_for(self, condition: Callable[[], bool]) -> None:
        """Fails after a long time."""
        deadline = time.monotonic() + LIMIT
        while not condition():
            assert time.monotonic() < deadline, self.failures[-3:]
            time.sleep(0.02)

    def go_on(self, writes: int = 10) -> None:
        """Wait for so many more."""
        target = len(self.acknowledged) + writes
        self.wait_for(lambda: len(self.acknowledged) >= target)


@contextmanager
def loaded(store: Store) -> Iterator[Load]:
    """Two writers at work; in the end they have stopped."""
    load = Load(store)
    threads = [Thread(target=load.write, args=[name]) for name in "ab"]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.ended.set()
        for thread in threads:
            thread.join(LIMIT)


def test_connections_that_are_dropped_lose_nothing(server: Server, store: Store) -> None:
    with loaded(store) as load:
        for _ in range(5):
            load.go_on()
            server.drop_connections()
        load.go_on()
    assert set(load.acknowledged) <= {each.policy for each in store.list_policies()}


@pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")  # PyMySQL's, of connections it could not make
def test_a_server_that_crashes_loses_nothing_and_is_used_again(server: Server, store: Store) -> None:
    with loaded(store) as load:
        load.go_on()
        server.stop()
        try:
            load.wait_for(lambda: bool(load.failures))
            with pytest.raises(StoreError):
                store.check()
        finally:
            server.start()
        load.go_on()
    assert set(load.acknowledged) <= {each.policy for each in store.list_policies()}
    gc.collect()


READ_ONLY = {
    "postgresql": "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
}


def test_a_server_that_only_reads_any_more_is_left_for_the_one_that_writes(store: Store) -> None:
    def demote(connection: sql.Connection) -> None:
        connection.exec_driver_sql(READ_ONLY[connection.dialect.name])

    store.database.write(demote)
    store.create_policies([policy("app-a", "app-b")])
    assert store.count_policies() == 1


def test_who_waits_too_long_is_told(server: Server, url: str, store: Store) -> None:
    hasty = open_store(url, tag_length=1, pool=Pool(answer_timeout=1))
    try:
        with store.database.engine.begin() as connection:
            connection.execute(sql.select(policies_info).with_for_update())
            with pytest.raises(StoreError):
                hasty.create_policies([policy("app-a", "app-b")])
            assert hasty.list_policies() == [], "reading goes on meanwhile"
    finally:
        hasty.close()
    store.create_policies([policy("app-a", "app-c")])
    assert [each.policy for each in store.list_policies()] == [policy("app-a", "app-c")]
