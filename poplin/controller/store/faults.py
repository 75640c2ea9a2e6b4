"""What an error of a driver means, by its code: whether the same may well succeed now."""

from __future__ import annotations

import sqlite3

from sqlalchemy.engine import ExceptionContext

UNDONE = {
    *("40001", "40P01"),  # PostgreSQL: serialization failure, deadlock
    *(1205, 1213),  # MySQL: waited too long for a lock, deadlock (of Galera's nodes, too, when it commits)
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
}
READ_ONLY = {
    "25006",  # PostgreSQL, a standby
    *(1290, 1792, 1836),  # MySQL, a replica
    1047,  # Galera, a node that lost the others
}


def is_undone(error: BaseException | None) -> bool:
    """Whether the database has undone the transaction and wants it tried again."""
    return find_code(error) in UNDONE


def leave_read_only(context: ExceptionContext) -> None:
    """Drop connections to a server that was the one to write to and no longer is: where it was there is another now."""
    if find_code(context.original_exception) in READ_ONLY:
        context.is_disconnect = True


def find_code(error: BaseException | None) -> str | int | None:
    """What the driver tells errors by: psycopg a SQLSTATE, sqlite3 and PyMySQL a number."""
    if state := getattr(error, "sqlstate", None):
        return str(state)
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) & 0xFF
    code = next(iter(error.args), None) if error else None
    return code if isinstance(code, int) else None
