"""The tables: those of the original policy server, and our own, whose names start with `poplin_`.

cf-control-plane §3.2 has the original's, which either server can work with. A row of `groups` is a tag: its number is
the tag, its guid the id that has it, and most rows wait for one. A row of `destinations` is a group with the ports one
may reach there, and one of `policies` says which group may. Foreign keys hold in every database, where the original has
some of them in PostgreSQL only.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sql
from sqlalchemy.dialects import mysql, postgresql

ORIGINAL = sql.MetaData()
OWN = sql.MetaData()

# MySQL would take `App` for `app` and index no TEXT; elsewhere text is compared as it is.
NAME = sql.Text().with_variant(mysql.VARCHAR(255, charset="utf8mb4", collation="utf8mb4_bin"), "mysql")
LABEL = sql.String(255)
LONG = sql.Text().with_variant(mysql.MEDIUMTEXT(), "mysql")
MOMENT = sql.DateTime().with_variant(mysql.TIMESTAMP(fsp=6), "mysql")  # UTC, to the microsecond
GUIDS = sql.JSON().with_variant(postgresql.JSONB(), "postgresql")
NUMBER = sql.BigInteger().with_variant(sql.Integer(), "sqlite")  # where only INTEGER counts by itself
TABLE: dict[str, Any] = {"mysql_engine": "InnoDB", "mysql_default_charset": "utf8mb4"}

groups = sql.Table(
    sql.quoted_name("groups", quote=True),  # a reserved word of MySQL
    ORIGINAL,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("guid", NAME, unique=True),
    sql.Column("type", NAME, server_default="app"),
    sql.Index("idx_type", "type"),
    **TABLE,
)

destinations = sql.Table(
    "destinations",
    ORIGINAL,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("group_id", sql.ForeignKey(groups.c.id)),
    sql.Column("port", sql.Integer),  # of a single one; 0 for a range
    sql.Column("protocol", LABEL),
    sql.Column("start_port", sql.Integer),
    sql.Column("end_port", sql.Integer),
    sql.UniqueConstraint("group_id", "start_port", "end_port", "protocol", name="unique_destination"),
    **TABLE,
)

policies = sql.Table(
    "policies",
    ORIGINAL,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("group_id", sql.ForeignKey(groups.c.id)),  # the source
    sql.Column("destination_id", sql.ForeignKey(destinations.c.id)),
    sql.UniqueConstraint("group_id", "destination_id"),
    **TABLE,
)

policies_info = sql.Table(  # one row, which every writer locks first
    "policies_info",
    ORIGINAL,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("last_updated", MOMENT),
    **TABLE,
)

security_groups = sql.Table(
    "security_groups",
    ORIGINAL,
    sql.Column("id", NUMBER, primary_key=True),
    sql.Column("guid", sql.String(36), nullable=False, unique=True),
    sql.Column("name", LABEL, nullable=False),
    sql.Column("rules", LONG),
    sql.Column("staging_default", sql.Boolean, server_default=sql.false()),
    sql.Column("running_default", sql.Boolean, server_default=sql.false()),
    sql.Column("staging_spaces", GUIDS),
    sql.Column("running_spaces", GUIDS),
    sqlite_autoincrement=True,  # a page of groups may begin at any row, so none comes back as another
    **TABLE,
)

gorp_migrations = sql.Table(  # which steps the original's own migration has done
    "gorp_migrations",
    ORIGINAL,
    sql.Column("id", LABEL, primary_key=True),
    sql.Column("applied_at", sql.DateTime),
    **TABLE,
)

gorp_lock = sql.Table(
    "gorp_lock",
    ORIGINAL,
    sql.Column("lock", LABEL, primary_key=True),
    sql.Column("acquired_at", sql.DateTime),
    **TABLE,
)

freed_tags = sql.Table(
    "poplin_freed_tags",
    OWN,
    sql.Column("group_id", sql.Integer, primary_key=True, autoincrement=False),  # the id of a row of `groups`
    sql.Column("freed_at", sql.BigInteger, nullable=False),  # UnixNano
    **TABLE,
)

security_groups_info = sql.Table(  # one row, which every writer locks first
    "poplin_security_groups_info",
    OWN,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("last_updated", MOMENT),
    **TABLE,
)
