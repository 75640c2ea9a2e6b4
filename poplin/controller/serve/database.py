"""From the configuration file to the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sql
from sqlalchemy.pool import QueuePool

from poplin.controller.serve.settings import DatabaseSettings, Settings
from poplin.controller.store import Pool, Store, StoreError, migrate, open_store
from poplin.controller.store.engine import parse_url
from poplin.linux.folder import ensure_folder

FILE = "controller.sqlite"
FOLDER_MODE = 0o700
PASSWORDS = {"password", "passwd"}  # options of the drivers


class NoDatabase(Exception):
    """It did not answer in time, or cannot be used."""


def make_url(database: DatabaseSettings, state: Path) -> str:
    """With the password from its file, for a URL that names a user. Raises OSError if that is gone."""
    if not database.url:
        return f"sqlite:///{state / FILE}"
    if not database.password_file:
        return database.url
    password = Path(database.password_file).read_text().rstrip("\r\n")
    return sql.make_url(database.url).set(password=password).render_as_string(hide_password=False)


def has_password(url: str) -> bool:
    """Whether it stands in the URL, for the user or as an option of the driver."""
    try:
        parsed = parse_url(url)
    except StoreError:
        return False
    return bool(parsed.password) or not PASSWORDS.isdisjoint(parsed.query)


def prepare(settings: Settings, state: Path) -> None:
    """Wait until the database is there, and bring its tables up to date. Raises NoDatabase, OSError."""
    url = make_url(settings.database, state)
    if not settings.database.url:
        ensure_folder(str(state), FOLDER_MODE)
    try:
        migrate(url, tag_length=settings.controller.tag_length, patience=settings.database.start_timeout)
    except StoreError as error:
        # In the words of the original (cf-control-plane §3.1), which operators look for; what really happened follows.
        raise NoDatabase(f"db connect: unable to ping: context deadline exceeded: {error}") from error


def open_for(settings: Settings, state: Path, observe: Callable[[str, float, bool], None]) -> Store:
    """The store that the configuration describes."""
    database = settings.database
    pool = Pool(
        open=database.max_open_connections,
        idle=database.max_idle_connections,
        lifetime=database.connections_max_lifetime_seconds,
        connect_timeout=database.connect_timeout,
        answer_timeout=database.answer_timeout,
    )
    return open_store(
        make_url(database, state),
        tag_length=settings.controller.tag_length,
        quarantine=settings.controller.tag_quarantine_seconds,
        pool=pool,
        observe=observe,
    )


def list_counts(store: Store) -> dict[str, Callable[[], int]]:
    """What can be counted at any time, by the original's names: policies, connections, connections in use."""
    pool = store.database.engine.pool
    counts = {"totalPolicies": store.count_policies}
    if isinstance(pool, QueuePool):
        counts["DBOpenConnections"] = lambda: pool.checkedin() + pool.checkedout()
        counts["DBQueriesInFlight"] = pool.checkedout
    return counts
