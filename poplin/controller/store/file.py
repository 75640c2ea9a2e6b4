"""SQLite's file: never made by accident, and told from one that has taken its place.

SQLite would make an empty file where a deleted one was, and connections from before would go on writing to what nobody
can find any more.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sql
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

MODE = 0o600  # nobody else's business
WRITES = "poplin_writes"  # the execution option of a connection whose transaction will write
OPENED = "poplin_opened"  # the file a connection has open, in what the pool knows of it


def ensure_file(path: str) -> None:
    """Have an empty file there unless there is one; SQLite gives those it makes beside it the same mode. What keeps us
    from it SQLite will say."""
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE))


def locate(url: sql.URL) -> sql.URL:
    """The URL of the same file as one of SQLite's own URIs, by which it makes none."""
    file = f"file:{quote(str(Path(url.database or '').absolute()))}"
    return url.set(database=file).update_query_dict({"uri": "true", "mode": "rw"})


def listen_to(engine: sql.Engine) -> None:
    """Prepare each connection, look whether its file is still there before each use, and begin its transactions."""
    sql.event.listen(engine, "connect", prepare)
    sql.event.listen(engine, "checkout", require_file)
    sql.event.listen(engine, "begin", begin)


def prepare(connection: sqlite3.Connection, entry: ConnectionPoolEntry) -> None:
    """Readers beside a writer, and commits that a power cut does not undo."""
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    path: str = connection.execute("PRAGMA database_list").fetchone()[2]
    entry.info[OPENED] = path, identify(path)


def require_file(connection: sqlite3.Connection, entry: ConnectionPoolEntry, proxy: Any) -> None:
    """Have the pool connect again, which says what is wrong, if the file was deleted or replaced."""
    path, opened = entry.info[OPENED]
    try:
        is_same = identify(path) == opened
    except OSError:
        is_same = False
    if not is_same:
        raise DisconnectionError(f"{path} is no longer the file it was")


def identify(path: str) -> tuple[int, int]:
    """What tells a file from every other one. Raises OSError."""
    found = os.stat(path)
    return found.st_dev, found.st_ino


def begin(connection: sql.Connection) -> None:
    """A writer takes the lock at once: a reader that becomes one would fail instead of waiting."""
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
