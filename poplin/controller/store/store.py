"""The store: what the policy server knows, in a database that several servers may share.

Each method is one transaction; nothing returns before the database has committed. All writers lock the same row first,
in the original too, so they take turns (cf-control-plane §3.4).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sql

import poplin.controller.store.creating as creating
import poplin.controller.store.deleting as deleting
import poplin.controller.store.reading as reading
import poplin.controller.store.security_groups as security_groups
import poplin.controller.store.tags as tags
from poplin.controller.store.database import Database
from poplin.controller.store.engine import Pool, make_engine
from poplin.controller.store.errors import Refusal
from poplin.controller.store.moments import Clock, get_moment, move_on
from poplin.controller.store.schema import policies_info, security_groups_info
from poplin.policy.model import ALL, Policy, SecurityGroup, Selection, Tag, TaggedPolicy

Observe = Callable[[str, float, bool], None]  # operation, seconds, whether the database did what it should


def observe_nothing(operation: str, seconds: float, ok: bool) -> None:
    """For those who do not measure."""


def open_store(
    url: str,
    *,
    tag_length: int = 2,
    quarantine: float = 30.0,
    pool: Pool = Pool(),  # noqa: B008, as it cannot change
    observe: Observe = observe_nothing,
    clock: Clock = time.time_ns,
) -> Store:
    """The store in the database of this URL, which `migrate` has made. Connects when it is first asked for something.

    A tag has `tag_length` bytes, and rests for `quarantine` seconds before it is another's. Raises StoreError for a URL
    nobody could connect to.
    """
    database = Database(make_engine(url, pool), pool.answer_timeout)
    return Store(database, tag_length, int(quarantine * 1e9), observe, clock)


class Store:
    """May be used from many threads. Every method may raise StoreError: the database failed and changed nothing."""

    def __init__(self, database: Database, tag_length: int, quarantine: int, observe: Observe, clock: Clock) -> None:
        self.database = database
        self.tag_length = tag_length
        self.quarantine = quarantine  # nanoseconds
        self.observe = observe
        self.clock = clock

    # Policies.

    def list_policies(self, selection: Selection = ALL) -> list[TaggedPolicy]:
        """Those that are selected, the oldest first."""
        with self.observed("All" if selection == ALL else "ByGuids"):
            return self.database.read(lambda connection: reading.list_policies(connection, selection, self.tag_length))

    def count_policies(self) -> int:
        """How many there are."""
        return self.database.read(reading.count_policies)

    def create_policies(self, policies: Sequence[Policy], *, quota: int | None = None) -> None:
        """Have all of them, or none if one cannot be; those that are there already are fine.

        With a quota no app may be the source of more, what it asks for again counted again; being a destination does
        not count. Raises QuotaExceeded, TagsExhausted, TagTypeTaken.
        """
        if not policies:
            return

        def work(connection: sql.Connection) -> None:
            terms = self.take_turn(connection)
            creating.create_policies(connection, policies, terms, quota)

        with self.observed("Create"):
            self.database.write(work, may_repeat_commit=quota is None)

    def delete_policies(self, policies: Sequence[Policy]) -> None:
        """Have none of them; those that are not there are fine."""
        if not policies:
            return

        def work(connection: sql.Connection) -> None:
            terms = self.take_turn(connection)
            deleting.delete_policies(connection, policies, terms)

        with self.observed("Delete"):
            self.database.write(work)

    def last_updated(self) -> int:
        """When policies were last created or deleted, in UnixNano; it never runs backwards."""
        with self.observed("LastUpdated"):
            return self.database.read(lambda connection: get_moment(connection, policies_info))

    # Tags.

    def list_tags(self) -> list[Tag]:
        """All that stand for something, by number."""
        with self.observed("Tags"):
            return self.database.read(lambda connection: tags.list_tags(connection, self.tag_length))

    def ensure_tag(self, id: str, type: str) -> Tag:
        """The tag of this id, which stays if it is not an app's. Raises TagsExhausted, TagTypeTaken."""

        def work(connection: sql.Connection) -> int:
            get_moment(connection, policies_info, lock=True)
            terms = tags.Terms(self.clock(), self.quarantine)
            return tags.ensure_numbers(connection, [id], type, terms)[id]

        with self.observed("CreateTag"):
            return Tag(id, tags.format_tag(self.database.write(work), self.tag_length), type)

    # Security groups.

    def list_security_groups(
        self, spaces: Sequence[str] = (), *, start: int = 0, limit: int = 0
    ) -> tuple[list[SecurityGroup], int]:
        """The global ones and those of the spaces, `limit` at most (0: all), from row `start` on; and the row to go on
        with, 0 if there is none."""
        with self.observed("SecurityGroups.BySpaceGuids"):
            return self.database.read(
                lambda connection: security_groups.list_security_groups(connection, spaces, start, limit)
            )

    def replace_security_groups(self, groups: Sequence[SecurityGroup]) -> None:
        """Have these and no others."""

        def work(connection: sql.Connection) -> None:
            get_moment(connection, security_groups_info, lock=True)
            if security_groups.replace_security_groups(connection, groups):
                move_on(connection, security_groups_info, self.clock)

        with self.observed("SecurityGroups.Replace"):
            self.database.write(work)

    def security_groups_last_updated(self) -> int:
        """When they were last replaced, in UnixNano; it never runs backwards."""
        return self.database.read(lambda connection: get_moment(connection, security_groups_info))

    # The database.

    def check(self) -> None:
        """Raises StoreError unless the database is there, with our tables: SQLite would say 1 without a file."""
        with self.observed("CheckDatabase"):
            self.database.read(lambda connection: get_moment(connection, policies_info))

    def close(self) -> None:
        """Close the connections that are not in use."""
        self.database.engine.dispose()

    # What the methods above are made of.

    def take_turn(self, connection: sql.Connection) -> tags.Terms:
        """Wait for whoever writes policies now, and mark that they have changed."""
        return tags.Terms(move_on(connection, policies_info, self.clock), self.quarantine)

    @contextmanager
    def observed(self, operation: str) -> Iterator[None]:
        """Tell how long it took and whether the database did it; to refuse is no failure of its."""
        begun = time.monotonic()
        ok = False
        try:
            yield
            ok = True
        except Refusal:
            ok = True
            raise
        finally:
            self.observe(operation, time.monotonic() - begun, ok)
