"""The original's own record of its migrations: read from its databases, written into new ones so that it can take over.

cf-control-plane §3.5: 88 steps up to number 79, of which the first three have parts.
"""

from __future__ import annotations

import time
from collections.abc import Collection

import sqlalchemy as sql

from poplin.controller.store.errors import SchemaMismatch
from poplin.controller.store.moments import to_moment
from poplin.controller.store.schema import ORIGINAL, gorp_lock, gorp_migrations

PARTS = ("1", "1a", "1b", "2", "2a", "2b", "2c", "2d", "2e", "2f", "3", "3a")
IDS = (*PARTS, *(str(number) for number in range(4, 80)))


def is_original(connection: sql.Connection) -> bool:
    """Whether the tables are there as the original's last step leaves them, or none of them. Raises SchemaMismatch."""
    if not sql.inspect(connection).has_table(gorp_migrations.name):
        return False
    done = set(connection.scalars(sql.select(gorp_migrations.c.id)))
    if done:  # an empty one is all that an interrupted first migration leaves, theirs or ours
        check_ids(done)
    return bool(done)


def check_ids(done: Collection[str]) -> None:
    """Raises SchemaMismatch for a database that is older or newer than what we know."""
    if missing := [id for id in IDS if id not in done]:
        raise SchemaMismatch(
            f"the database lacks the original's migrations {', '.join(missing)}: "
            "have the migrate-db of cf-networking-release 3.53 bring it up to 79 first"
        )
    if unknown := sorted(set(done) - set(IDS)):
        raise SchemaMismatch(
            f"the database has had the original's migrations {', '.join(unknown)}, which this version does not know: "
            "use a newer version, or a backup made before them"
        )


def require_no_others(connection: sql.Connection) -> None:
    """Raises SchemaMismatch where tables of ours would be somebody else's: UAA has `groups` too."""
    ours = ORIGINAL.tables.keys() - {gorp_migrations.name, gorp_lock.name}
    if taken := sorted(ours & set(sql.inspect(connection).get_table_names())):
        raise SchemaMismatch(
            f"the database has {', '.join(taken)} already, and no record that a policy server made them: "
            "give it a database of its own"
        )


def record_all(connection: sql.Connection) -> None:
    """Say of new tables that every step has been done."""
    if not connection.scalar(sql.select(sql.func.count()).select_from(gorp_migrations)):
        now = to_moment(time.time_ns())
        connection.execute(sql.insert(gorp_migrations), [{"id": id, "applied_at": now} for id in IDS])
