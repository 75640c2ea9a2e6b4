"""From nothing to all tables, any number of times and by several at once (cf-control-plane §3.5)."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from threading import Thread

import alembic.command
import pytest
import sqlalchemy as sql
from controller.store_lab import LIMIT, Database, policy

from poplin.controller.store import Store, StoreError, migrate, open_store
from poplin.controller.store.adoption import IDS
from poplin.controller.store.errors import SchemaMismatch
from poplin.controller.store.migrate import alembic_config
from poplin.controller.store.schema import ORIGINAL, OWN, gorp_migrations, groups, policies_info


@pytest.fixture
def opened(empty_url: str) -> Iterator[Store]:
    """Whatever is in the database."""
    made = open_store(empty_url, tag_length=1)
    yield made
    made.close()


def count_rows(store: Store, table: sql.Table) -> int:
    """How many rows there are."""
    query = sql.select(sql.func.count()).select_from(table)
    return store.database.read(lambda connection: connection.scalar(query)) or 0


def table_names(store: Store) -> set[str]:
    """What there is."""
    return store.database.read(lambda connection: set(sql.inspect(connection).get_table_names()))


@pytest.mark.facts("cf-control-plane", 102, 132)
@pytest.mark.parametrize(("tag_length", "tags"), [(1, 255), (2, 65_535)])
def test_an_empty_database_gets_tables_and_tags(empty_url: str, opened: Store, tag_length: int, tags: int) -> None:
    migrate(empty_url, tag_length=tag_length)
    assert count_rows(opened, gorp_migrations) == len(IDS) == 88
    numbers = sql.select(sql.func.count(), sql.func.min(groups.c.id), sql.func.max(groups.c.id))
    free = numbers.where(groups.c.guid.is_(None), groups.c.type.is_(None))
    assert opened.database.read(lambda connection: tuple(connection.execute(free).one())) == (tags, 1, tags)
    assert table_names(opened) == {*ORIGINAL.tables, *OWN.tables, "poplin_alembic_version"}


@pytest.mark.facts("cf-control-plane", 103, 133)
def test_migrating_again_changes_nothing(url: str, store: Store) -> None:
    store.create_policies([policy("app-a", "app-b")])
    before = (store.list_policies(), store.last_updated(), store.security_groups_last_updated())
    migrate(url, tag_length=2)
    assert (store.list_policies(), store.last_updated(), store.security_groups_last_updated()) == before
    assert count_rows(store, groups) == 255


def test_a_new_database_says_that_it_changed_just_now(empty_url: str, opened: Store) -> None:
    before = time.time_ns() // 1000 * 1000
    migrate(empty_url, tag_length=1)
    assert before <= opened.last_updated() <= time.time_ns()
    assert before <= opened.security_groups_last_updated() <= time.time_ns()


MIGRATE = "import sys; from poplin.controller.store import migrate; migrate(sys.argv[1], tag_length=1)"


@pytest.mark.facts("cf-control-plane", 136)
def test_processes_that_migrate_at_once_all_succeed(empty_url: str, opened: Store) -> None:
    command = [sys.executable, "-c", MIGRATE, empty_url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    try:
        assert [(process.communicate(timeout=2 * LIMIT)[1], process.returncode) for process in processes] == [
            ("", 0)
        ] * 3
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    assert count_rows(opened, gorp_migrations) == 88
    assert count_rows(opened, groups) == 255


def test_threads_that_migrate_at_once_all_succeed(empty_url: str, opened: Store) -> None:
    threads = [Thread(target=migrate, args=[empty_url], kwargs={"tag_length": 1}) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT)
    assert count_rows(opened, groups) == 255


@pytest.mark.facts("cf-control-plane", 138)
def test_there_is_no_way_down(url: str, store: Store) -> None:
    def down(connection: sql.Connection) -> None:
        alembic.command.downgrade(alembic_config(connection), "base")

    with pytest.raises(StoreError, match="down migration not supported"):
        store.database.write(down)
    assert {*ORIGINAL.tables, *OWN.tables} < table_names(store)


@pytest.mark.facts("cf-control-plane", 134)
def test_a_database_that_comes_later_is_waited_for(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    url = f"sqlite:///{folder}/policies.db"
    thread = Thread(target=migrate, args=[url], kwargs={"tag_length": 1, "patience": LIMIT})
    thread.start()
    try:
        with pytest.raises(StoreError):
            open_store(url).check()
    finally:
        folder.mkdir()
        thread.join(LIMIT)
    store = open_store(url, tag_length=1)
    assert store.list_policies() == []
    store.close()


@pytest.mark.facts("cf-control-plane", 135)
def test_a_database_that_never_comes_is_an_error(tmp_path: Path) -> None:
    said = "^migrations and groups table population timed out after 1 seconds: connect: unable to open database file"
    with pytest.raises(StoreError, match=said):
        migrate(f"sqlite:///{tmp_path}/never/policies.db", patience=1)


class Killed(BaseException):
    """The process ends."""


@contextmanager
def killed_at(step: int) -> Iterator[None]:
    """No statement gets to a database from this one on, a commit neither."""
    steps = count()

    def kill(*args: object) -> None:
        if next(steps) >= step:
            raise Killed

    sql.event.listen(sql.Engine, "before_cursor_execute", kill)
    try:
        yield
    finally:
        sql.event.remove(sql.Engine, "before_cursor_execute", kill)


def test_a_migration_that_is_killed_anywhere_is_completed_by_the_next(database: Database) -> None:
    """MySQL has committed some of it, as it does with every table."""
    for step in count(0, 3):
        url = database.new_url()
        try:
            with killed_at(step):
                migrate(url, tag_length=1)
        except Killed:
            migrate(url, tag_length=1)
            require_complete(url)
        else:
            assert step > len(ORIGINAL.tables), "so it was killed a few times"
            return


def require_complete(url: str) -> None:
    """Everything is there, once."""
    store = open_store(url, tag_length=1)
    try:
        assert [count_rows(store, table) for table in (gorp_migrations, groups, policies_info)] == [88, 255, 1]
        store.create_policies([policy("app-a", "app-b")])
        store.delete_policies([policy("app-a", "app-b")])
        assert store.security_groups_last_updated() > 0
    finally:
        store.close()


def test_tables_of_somebody_else_are_left_alone(empty_url: str, opened: Store) -> None:
    """UAA, too, has `groups`."""
    opened.database.write(
        lambda connection: connection.execute(
            sql.schema.CreateTable(sql.Table("groups", sql.MetaData(), sql.Column("id", sql.Integer)))
        )
    )
    with pytest.raises(SchemaMismatch, match=r"^the database has groups already, .*: give it a database of its own$"):
        migrate(empty_url, tag_length=1, patience=LIMIT)
    assert table_names(opened) == {"groups"}


def test_tables_of_a_newer_version_are_left_alone(url: str, store: Store) -> None:
    store.create_policies([policy("app-a", "app-b")])
    store.database.write(
        lambda connection: connection.exec_driver_sql("UPDATE poplin_alembic_version SET version_num = 'from-2040'")
    )
    with pytest.raises(SchemaMismatch, match=r"are those of a newer version: use that one, or a backup .*from-2040"):
        migrate(url, tag_length=1, patience=LIMIT)
    assert store.count_policies() == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (sql.delete(gorp_migrations).where(gorp_migrations.c.id.in_(["78", "79"])), "lacks .* migrations 78, 79: "),
        (sql.insert(gorp_migrations).values(id="80"), "has had .* migrations 80, which this version does not know: "),
    ],
)
def test_tables_that_are_older_or_newer_are_left_alone(
    url: str, store: Store, change: sql.Executable, said: str
) -> None:
    store.database.write(lambda connection: connection.execute(change))
    with pytest.raises(SchemaMismatch, match=said):
        migrate(url, tag_length=1, patience=LIMIT)


def test_tags_that_do_not_fit_are_not_cut_off(url: str, store: Store) -> None:
    store.database.write(lambda connection: connection.execute(sql.insert(groups).values(id=256)))
    with pytest.raises(SchemaMismatch, match="the database has tags up to 256: more than a tag_length of 1 can say"):
        migrate(url, tag_length=1)


def test_tables_that_are_not_there_are_named(opened: Store) -> None:
    with pytest.raises(StoreError, match="policies_info"):
        opened.last_updated()
