"""The rows of `groups`, one for each tag there can be (cf-control-plane §3.3)."""

from __future__ import annotations

import sqlalchemy as sql

from poplin.controller.store.errors import SchemaMismatch
from poplin.controller.store.schema import groups

MOST = 4096  # rows in one statement


def ensure_tags(connection: sql.Connection, tag_length: int) -> None:
    """Tags 1 to the highest of so many bytes, unless there are any. Raises SchemaMismatch for some that are longer."""
    highest = 256**tag_length - 1
    if present := connection.scalar(sql.select(sql.func.max(groups.c.id))):
        if present > highest:
            raise SchemaMismatch(
                f"the database has tags up to {present}: more than a tag_length of {tag_length} can say"
            )
        return
    connection.execute(sql.insert(groups).values(id=1, guid=None, type=None))
    count = 1
    while count < highest:
        block = min(count, MOST, highest - count)
        copy_first(connection, block, count)
        count += block


def copy_first(connection: sql.Connection, block: int, offset: int) -> None:
    """Repeat rows 1 to `block` behind row `offset`: databases do that by themselves, so nothing is sent."""
    columns = (groups.c.id + offset, groups.c.guid, groups.c.type)
    rows = sql.select(*columns).where(groups.c.id <= block)
    connection.execute(sql.insert(groups).from_select(["id", "guid", "type"], rows))
