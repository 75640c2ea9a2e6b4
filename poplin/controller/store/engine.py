"""A database from its URL: the drivers, and all that differs between them when one connects.

| URL | driver | where time-outs and TLS are said |
|---|---|---|
| `sqlite:///FOLDER/FILE` | sqlite3 | |
| `postgresql://` or `postgres://` | psycopg | as in libpq: `?sslmode=verify-full&sslrootcert=FILE` |
| `mysql://` or `mariadb://` | PyMySQL | as PyMySQL names them: `?ssl_ca=FILE&ssl_check_hostname=false` |
"""

from __future__ import annotations

import math
from typing import Any

import sqlalchemy as sql
from msgspec import Struct
from sqlalchemy.exc import ArgumentError

import poplin.controller.store.file as file
from poplin.controller.store.errors import StoreError
from poplin.controller.store.faults import leave_read_only
from poplin.controller.store.patience import limit_answers

DRIVERS = {
    "sqlite": "sqlite+pysqlite",
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
STRICT = "SET time_zone = '+00:00', sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')"


class Pool(Struct, frozen=True):
    """How many connections there may be, how long each is kept, and how long one waits for the database."""

    open: int = 200  # at once; 0 for no limit
    idle: int = 10  # kept for later
    lifetime: float = 3600.0  # seconds, 0 for ever
    connect_timeout: float = 5.0  # seconds
    answer_timeout: float = 30.0  # seconds, of one statement, and of waiting for a connection


def make_engine(url: str, pool: Pool, *, may_create: bool = False) -> sql.Engine:
    """An engine that has not connected yet. Raises StoreError for a URL nobody could connect to.

    `may_create`: whether to make SQLite's file if it is not there.
    """
    parsed = parse_url(url)
    dialect = parsed.get_backend_name()
    if dialect == "sqlite":
        if may_create:
            file.ensure_file(parsed.database or "")
        parsed = file.locate(parsed)
    engine = sql.create_engine(
        parsed,
        connect_args=ARGUMENTS[dialect](pool),
        pool_size=max(1, min(pool.idle, pool.open or pool.idle)),
        max_overflow=max(0, pool.open - max(1, pool.idle)) if pool.open else -1,
        pool_recycle=int(pool.lifetime) or -1,
        pool_timeout=pool.answer_timeout,
        hide_parameters=True,
        **({} if dialect == "sqlite" else {"isolation_level": "READ COMMITTED"}),
    )
    sql.event.listen(engine, "handle_error", leave_read_only)
    if dialect == "sqlite":
        file.listen_to(engine)
    if dialect == "postgresql":
        limit_answers(engine, pool.answer_timeout)
    return engine


def parse_url(url: str) -> sql.URL:
    """The URL with the driver in it. Raises StoreError."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        raise StoreError("the database's url is no URL: write sqlite:///PATH, postgresql://... or mysql://...")
    if scheme not in DRIVERS:
        raise StoreError(f"unsupported driver: {scheme}: write sqlite:///PATH, postgresql://... or mysql://...")
    try:
        parsed = sql.make_url(f"{DRIVERS[scheme]}://{rest}")
    except (ArgumentError, ValueError) as error:  # which do not name the password
        raise StoreError(
            "the database's url cannot be read: a user or password needs %-encoding, a port digits"
        ) from error
    if scheme == "sqlite" and parsed.database in (None, "", ":memory:"):
        raise StoreError("sqlite:// names no file: write sqlite:///PATH")
    return parsed.update_query_dict({"charset": "utf8mb4"}) if DRIVERS[scheme] == "mysql+pymysql" else parsed


def sqlite_arguments(pool: Pool) -> dict[str, Any]:
    """A writer waits for another as long as elsewhere for an answer; transactions are begun by file.py."""
    return {"timeout": pool.answer_timeout, "isolation_level": None}


def postgresql_arguments(pool: Pool) -> dict[str, Any]:
    """The server gives up a statement, and the kernel a server that is gone without a word."""
    seconds, milliseconds = math.ceil(pool.answer_timeout), math.ceil(pool.answer_timeout * 1000)
    return {
        "connect_timeout": max(2, math.ceil(pool.connect_timeout)),  # libpq takes 1 for 2
        "options": f"-c statement_timeout={milliseconds} -c timezone=UTC",
        "tcp_user_timeout": milliseconds,
        "keepalives_idle": seconds,
        "keepalives_interval": 1,
        "keepalives_count": 3,
    }


def mysql_arguments(pool: Pool) -> dict[str, Any]:
    """UTC, as TIMESTAMP is told in the session's zone, and an error where MySQL would store something else."""
    seconds = math.ceil(pool.answer_timeout)
    return {
        "connect_timeout": math.ceil(pool.connect_timeout),
        "read_timeout": seconds,
        "write_timeout": seconds,
        "init_command": STRICT,
    }


ARGUMENTS = {"sqlite": sqlite_arguments, "postgresql": postgresql_arguments, "mysql": mysql_arguments}
