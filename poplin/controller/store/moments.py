"""When something changed last: a moment in the database that never runs backwards, and the lock of all who write.

The original stores the moment a transaction began, which may be before one that it waited for (cf-control-plane §3.4),
and agents look for what is newer than what they know. So the row is locked first, as the original does too, and the new
moment is after the old one whatever the clocks of several servers say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

import sqlalchemy as sql

from poplin.controller.store.errors import SchemaMismatch

Clock = Callable[[], int]  # UnixNano

EPOCH = datetime(1970, 1, 1)  # the database's moments are UTC and have no zone
TICK = timedelta(microseconds=1)


def get_moment(connection: sql.Connection, table: sql.Table, *, lock: bool = False) -> int:
    """UnixNano. With `lock` all others who want it so wait until this transaction has ended. Raises SchemaMismatch."""
    query = sql.select(table.c.last_updated).order_by(table.c.id).limit(1)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise SchemaMismatch(f"{table.name} has no row: run `poplin controller migrate`")
    return to_nanoseconds(row.last_updated)


def ensure_moment(connection: sql.Connection, table: sql.Table) -> None:
    """The one row there is; a new one says now."""
    if connection.execute(sql.select(table.c.id).limit(1)).first() is None:
        connection.execute(sql.insert(table).values(last_updated=to_moment(time.time_ns())))


def move_on(connection: sql.Connection, table: sql.Table, clock: Clock) -> int:
    """Lock, then look at the clock, and set the moment to that, or to just after the old one if that is later. What
    the clock said."""
    following = get_moment(connection, table, lock=True) + 1000
    now = clock()
    connection.execute(sql.update(table).values(last_updated=to_moment(max(now, following))))
    return now


def to_nanoseconds(moment: datetime) -> int:
    """UnixNano, exact: a float has no room for so many digits."""
    return (moment - EPOCH) // TICK * 1000


def to_moment(nanoseconds: int) -> datetime:
    """To the microsecond before."""
    return EPOCH + nanoseconds // 1000 * TICK
