"""Bring a database to the tables of this version: a new one, the original's, or one that an older version made.

Alembic knows the steps; a lock in the database lets one server take them while others wait. May be done any number of
times.
"""

from __future__ import annotations

import time
from pathlib import Path
from threading import Lock

import alembic.command
import alembic.config
import sqlalchemy as sql
from alembic.util import CommandError

from poplin.controller.store.adoption import is_original, require_no_others
from poplin.controller.store.database import Database
from poplin.controller.store.engine import Pool, make_engine
from poplin.controller.store.errors import SchemaMismatch, StoreError
from poplin.controller.store.population import ensure_tags

MIGRATIONS = Path(__file__).with_name("migrations")
VERSIONS = "poplin_alembic_version"  # the table that says which steps were taken
ORIGINAL = "original"  # the step that makes the original's tables
POOL = Pool(open=1, idle=1, answer_timeout=600.0)
LOCK_NUMBER, LOCK_NAME = 0x706F706C696E, "poplin-migrate"
PAUSE = 1.0  # seconds between tries

one_at_a_time = Lock()  # what Alembic works on is global


def migrate(url: str, *, tag_length: int = 2, patience: float = 0.0) -> None:
    """Make the tables, and `groups` with a row for each tag of `tag_length` bytes if it is empty.

    Tries again for `patience` seconds while the database is not there. Raises StoreError; a SchemaMismatch at once, for
    a database of an original that is older or newer than what we know.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return migrate_once(url, tag_length)
        except SchemaMismatch:
            raise
        except StoreError as error:
            if time.monotonic() + PAUSE > deadline:
                raise StoreError(describe(error, patience)) from error
        time.sleep(PAUSE)


def describe(error: StoreError, patience: float) -> str:
    """What went wrong, for how long."""
    tried = f"migrations and groups table population timed out after {patience:g} seconds: " if patience else ""
    return f"{tried}{error}"


def migrate_once(url: str, tag_length: int) -> None:
    """All of it, while others wait."""
    engine = make_engine(url, POOL, may_create=True)

    def work(connection: sql.Connection) -> None:
        lock(connection)
        upgrade(connection)
        ensure_tags(connection, tag_length)

    try:
        with one_at_a_time:
            Database(engine, POOL.answer_timeout).write(work)
    finally:
        engine.dispose()


def lock(connection: sql.Connection) -> None:
    """Wait for others who migrate. Ends with the transaction or the connection; SQLite's writers take turns anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(sql.select(sql.func.pg_advisory_xact_lock(LOCK_NUMBER)))
    if connection.dialect.name == "mysql":
        got = connection.scalar(sql.select(sql.func.get_lock(LOCK_NAME, int(POOL.answer_timeout) - 1)))
        if not got:
            raise StoreError("another server is still migrating the database")


def upgrade(connection: sql.Connection) -> None:
    """Take the steps that are missing. Raises SchemaMismatch before anything is changed."""
    config = alembic_config(connection)
    original = is_original(connection)
    if not sql.inspect(connection).has_table(VERSIONS):
        if original:
            alembic.command.stamp(config, ORIGINAL)
        else:
            require_no_others(connection)
    try:
        alembic.command.upgrade(config, "head")
    except CommandError as error:
        raise SchemaMismatch(
            f"the tables are those of a newer version: use that one, or a backup made before it ({error})"
        ) from error


def alembic_config(connection: sql.Connection) -> alembic.config.Config:
    """What `migrations/env.py` reads; there is no file."""
    config = alembic.config.Config(attributes={"connection": connection, "version_table": VERSIONS})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config
