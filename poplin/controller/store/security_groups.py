"""Security groups: what a syncer found, replaced as a whole, and handed out by space (cf-control-plane §2.3, §3.4)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sql
from msgspec import json
from sqlalchemy.dialects import postgresql

from poplin.controller.store.database import saying
from poplin.controller.store.membership import is_one_of, is_storable
from poplin.controller.store.schema import security_groups
from poplin.policy.model import SecurityGroup

table = security_groups.c


def list_security_groups(
    connection: sql.Connection, spaces: Sequence[str], start: int, limit: int
) -> tuple[list[SecurityGroup], int]:
    """The global ones and those of the spaces, from row `start` on; and the row to go on with, 0 if there is none."""
    wanted = [space for space in spaces if is_storable(space)]
    query = (
        sql.select(security_groups)
        .where(sql.or_(table.staging_default, table.running_default, *has_one_of(connection, wanted)))
        .where(table.id >= start)
        .order_by(table.id)
    )
    rows = connection.execute(query.limit(limit + 1) if limit else query).all()
    shown = rows[:limit] if limit else rows
    return [as_group(row) for row in shown], rows[limit].id if len(rows) > len(shown) else 0


def has_one_of(connection: sql.Connection, spaces: list[str]) -> list[sql.ColumnElement[bool]]:
    """Conditions, either of which will do: one look at a row, however many spaces there are."""
    overlaps = OVERLAPS[connection.dialect.name]
    return [overlaps(column, spaces) for column in (table.staging_spaces, table.running_spaces) if spaces]


def overlaps_sqlite(column: sql.ColumnElement[Any], spaces: list[str]) -> sql.ColumnElement[bool]:
    """Both lists as tables."""
    own, wanted = (sql.func.json_each(each).table_valued("value") for each in (column, encode(spaces)))
    return sql.exists().where(own.c.value.in_(sql.select(wanted.c.value)))


def overlaps_postgresql(column: sql.ColumnElement[Any], spaces: list[str]) -> sql.ColumnElement[bool]:
    """jsonb knows it: `?|`."""
    wanted = sql.cast(spaces, postgresql.ARRAY(sql.Text))
    condition: sql.ColumnElement[bool] = sql.type_coerce(column, postgresql.JSONB).has_any(wanted)
    return condition


def overlaps_mysql(column: sql.ColumnElement[Any], spaces: list[str]) -> sql.ColumnElement[bool]:
    """MySQL 8.0.17 and MariaDB 10.9 and later know it."""
    return sql.func.json_overlaps(column, encode(spaces), type_=sql.Boolean)


OVERLAPS = {"sqlite": overlaps_sqlite, "postgresql": overlaps_postgresql, "mysql": overlaps_mysql}


def encode(spaces: list[str]) -> str:
    """As JSON."""
    return json.encode(spaces).decode()


def as_group(row: Any) -> SecurityGroup:
    """A row as a record; what the original left out counts as nothing."""
    return SecurityGroup(
        row.guid,
        row.name,
        row.rules or "",
        bool(row.staging_default),
        bool(row.running_default),
        tuple(row.staging_spaces or ()),
        tuple(row.running_spaces or ()),
    )


def as_values(group: SecurityGroup) -> dict[str, Any]:
    """A record as columns."""
    return {
        "guid": group.guid,
        "name": group.name,
        "rules": group.rules,
        "staging_default": group.staging_default,
        "running_default": group.running_default,
        "staging_spaces": list(group.staging_space_guids),
        "running_spaces": list(group.running_space_guids),
    }


def replace_security_groups(connection: sql.Connection, groups: Sequence[SecurityGroup]) -> bool:
    """These and no others; whether anything was there or is there now. A group that stays keeps its row, so that pages
    stay where they are. The caller has locked their moment, so nobody else writes."""
    with saying("selecting security groups"):
        stored = {row.guid: (row.id, as_group(row)) for row in connection.execute(sql.select(security_groups))}
    wanted = {group.guid: group for group in groups}
    with saying("deleting security groups"):
        remove(connection, {id for guid, (id, _) in stored.items() if guid not in wanted})
    for number, group in enumerate(wanted.values(), 1):
        id, known = stored.get(group.guid, (None, None))
        if group != known:
            with saying(f"saving security group {group.guid} ({number})"):
                save(connection, id, group)
    return bool(stored or wanted)


def remove(connection: sql.Connection, ids: Collection[int]) -> None:
    """Those rows."""
    if ids:
        connection.execute(sql.delete(security_groups).where(is_one_of(connection, table.id, ids)))


def save(connection: sql.Connection, id: int | None, group: SecurityGroup) -> None:
    """Into its row, or a new one."""
    if id is None:
        connection.execute(sql.insert(security_groups).values(as_values(group)))
    else:
        connection.execute(sql.update(security_groups).where(table.id == id).values(as_values(group)))
