"""Whether a column is one of many values, in a single parameter, as databases limit the number of those.

Lists come from clients and may be as long as a request: SQLite takes 32,766 parameters, PostgreSQL 65,535. PyMySQL
writes values into the statement itself, so there each may be one of its own.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

import sqlalchemy as sql
from msgspec import json
from sqlalchemy.dialects import postgresql

UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def is_one_of(connection: sql.Connection, column: sql.ColumnElement[Any], values: Collection[Any]) -> Any:
    """The condition; false for no values. Texts that no database could hold match nothing."""
    wanted = [value for value in values if not isinstance(value, str) or is_storable(value)]
    return CONDITIONS[connection.dialect.name](column, wanted)


def is_storable(text: str) -> bool:
    """Whether it is text for every database: PostgreSQL has no NUL, UTF-8 no half of a pair."""
    return UNSTORABLE.search(text) is None


def in_json(column: sql.ColumnElement[Any], values: list[Any]) -> Any:
    """SQLite: a list as JSON, read as a table."""
    listed = sql.func.json_each(json.encode(values).decode()).table_valued("value")
    return column.in_(sql.select(listed.c.value))


def in_array(column: sql.ColumnElement[Any], values: list[Any]) -> Any:
    """PostgreSQL: an array."""
    return column == sql.any_(sql.cast(values, postgresql.ARRAY(column.type)))


def in_list(column: sql.ColumnElement[Any], values: list[Any]) -> Any:
    """MySQL: the values themselves. Its texts may be the same without being: `app ` is `app`, and in the original's
    tables `App` too. So the bytes decide, among the rows that the index finds."""
    same = column.in_(values)
    if not isinstance(column.type, sql.String):
        return same
    return sql.and_(same, sql.cast(column, sql.LargeBinary).in_([value.encode() for value in values]))


CONDITIONS = {"sqlite": in_json, "postgresql": in_array, "mysql": in_list}
