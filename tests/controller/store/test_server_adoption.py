"""Databases of the original: taken over with all that is in them, and left so that it could go on with them.

The tables are written down here as its 88 migrations leave them (cf-control-plane §3.2).
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import sqlalchemy as sql
from controller.store_lab import SERVERS, policy, security_group

from poplin.controller.store import Store, migrate, open_store
from poplin.controller.store.adoption import IDS
from poplin.controller.store.errors import SchemaMismatch
from poplin.policy.model import Selection, Tag, TaggedPolicy

pytestmark = pytest.mark.parametrize("database", SERVERS, indirect=True, scope="session")

POSTGRESQL = """
CREATE TABLE groups (id SERIAL PRIMARY KEY, guid text UNIQUE, type text DEFAULT 'app');
CREATE INDEX idx_type ON groups (type);
CREATE TABLE destinations (id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id), port int, protocol text,
  start_port int, end_port int, CONSTRAINT unique_destination UNIQUE (group_id, start_port, end_port, protocol));
CREATE TABLE policies (id SERIAL PRIMARY KEY, group_id int REFERENCES groups(id),
  destination_id int REFERENCES destinations(id), UNIQUE (group_id, destination_id));
CREATE TABLE policies_info (id SERIAL PRIMARY KEY, last_updated timestamp(6));
CREATE TABLE security_groups (id BIGSERIAL PRIMARY KEY, guid varchar(36) NOT NULL UNIQUE, name varchar(255) NOT NULL,
  rules text, staging_default boolean DEFAULT false, running_default boolean DEFAULT false,
  staging_spaces jsonb, running_spaces jsonb);
CREATE TABLE gorp_migrations (id text PRIMARY KEY, applied_at timestamp with time zone);
CREATE TABLE gorp_lock (lock text PRIMARY KEY, acquired_at timestamp with time zone)
"""
MARIADB = """
CREATE TABLE `groups` (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, guid varchar(255) UNIQUE,
  type varchar(255) DEFAULT 'app', INDEX idx_type (type));
CREATE TABLE destinations (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, group_id int, port int, protocol varchar(255),
  start_port int, end_port int, UNIQUE KEY unique_destination (group_id, start_port, end_port, protocol));
CREATE TABLE policies (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, group_id int, destination_id int,
  UNIQUE (group_id, destination_id), FOREIGN KEY (destination_id) REFERENCES destinations (id));
CREATE TABLE policies_info (id int NOT NULL AUTO_INCREMENT PRIMARY KEY, last_updated timestamp(6));
CREATE TABLE security_groups (id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, guid varchar(36) NOT NULL UNIQUE,
  name varchar(255) NOT NULL, rules mediumtext, staging_default boolean DEFAULT false,
  running_default boolean DEFAULT false, staging_spaces json, running_spaces json);
CREATE TABLE gorp_migrations (id varchar(255) PRIMARY KEY, applied_at datetime);
CREATE TABLE gorp_lock (`lock` varchar(255) PRIMARY KEY, acquired_at datetime)
"""
ROWS = """
INSERT INTO {groups} (id, guid, type) VALUES (1, 'app-a', 'app'), (2, 'INGRESS_ROUTER', 'router'), (3, 'app-b', 'app');
INSERT INTO {groups} (id, guid, type) VALUES (4, NULL, NULL), (5, NULL, NULL);
INSERT INTO destinations (group_id, port, protocol, start_port, end_port) VALUES (3, 8080, 'tcp', 8080, 8080);
INSERT INTO destinations (group_id, port, protocol, start_port, end_port) VALUES (1, 0, 'udp', 1, 9);
INSERT INTO policies (group_id, destination_id) VALUES (1, 1), (3, 2);
INSERT INTO policies_info (last_updated) VALUES ('2024-10-24 12:00:00.123456');
INSERT INTO security_groups (guid, name, rules, running_default, staging_spaces, running_spaces)
  VALUES ('asg-1', 'name of asg-1', '[]', false, '["space-a"]', '[]');
INSERT INTO gorp_migrations (id, applied_at) VALUES {ids}
"""
AB, BA = policy("app-a", "app-b"), policy("app-b", "app-a", 1, 9, "udp")


@pytest.fixture
def adopted(empty_url: str) -> Iterator[Store]:
    """An original's database, before anything was done to it."""
    made = open_store(empty_url, tag_length=1, quarantine=0)
    made.database.write(fill)
    yield made
    made.close()


def fill(connection: sql.Connection) -> None:
    """Make the tables, with some rows in them."""
    mysql = connection.dialect.name == "mysql"
    rows = ROWS.format(groups="`groups`" if mysql else "groups", ids=", ".join(f"('{id}', NULL)" for id in IDS))
    for statement in f"{MARIADB if mysql else POSTGRESQL};{rows}".split(";"):
        connection.exec_driver_sql(statement)


def columns(store: Store) -> dict[str, list[str]]:
    """Of every table, with their types."""

    def work(connection: sql.Connection) -> dict[str, list[str]]:
        found = sql.inspect(connection)
        tables = found.get_table_names()
        return {table: [f"{each['name']} {each['type']}" for each in found.get_columns(table)] for table in tables}

    return store.database.read(work)


def test_what_the_original_stored_is_there(adopted: Store, empty_url: str) -> None:
    migrate(empty_url, tag_length=1)
    assert adopted.list_policies() == [TaggedPolicy(AB, "01", "03"), TaggedPolicy(BA, "03", "01")]
    assert [tag.id for tag in adopted.list_tags()] == ["app-a", "INGRESS_ROUTER", "app-b"]
    assert adopted.last_updated() == 1_729_771_200_123_456_000
    group = security_group("asg-1", rules="[]", staging_space_guids=("space-a",))
    assert adopted.list_security_groups(["space-a"]) == ([group], 0)


def test_policies_come_and_go_as_in_a_new_database(adopted: Store, empty_url: str) -> None:
    migrate(empty_url, tag_length=1)
    adopted.create_policies([policy("app-a", "app-c")])
    assert adopted.list_tags()[-1] == Tag("app-c", "04", "app")
    adopted.delete_policies([AB, BA, policy("app-a", "app-c")])
    assert adopted.list_tags() == [Tag("INGRESS_ROUTER", "02", "router")]
    adopted.replace_security_groups([security_group("asg-2", running_default=True)])
    assert [group.guid for group in adopted.list_security_groups()[0]] == ["asg-2"]
    assert adopted.list_policies(Selection(either=frozenset({"app-a"}))) == []


def test_an_id_in_other_letters_is_another(adopted: Store, empty_url: str) -> None:
    """Where the original's tables in MySQL take `APP-A` for `app-a`."""
    migrate(empty_url, tag_length=1)
    adopted.delete_policies([policy("APP-A", "app-b")])
    assert adopted.list_policies(Selection(either=frozenset({"APP-A"}))) == []
    assert adopted.count_policies() == 2


def test_the_originals_tables_stay_as_they_were(adopted: Store, empty_url: str) -> None:
    before = columns(adopted)
    for _ in range(2):
        migrate(empty_url, tag_length=2)
    after = columns(adopted)
    own = {"poplin_alembic_version", "poplin_freed_tags", "poplin_security_groups_info"}
    assert {table: after[table] for table in before} == before
    assert after.keys() - before.keys() == own


def test_an_older_database_is_left_alone(adopted: Store, empty_url: str) -> None:
    before = columns(adopted)
    older = "DELETE FROM gorp_migrations WHERE id IN ('1a', '2f', '79')"
    adopted.database.write(lambda connection: connection.exec_driver_sql(older))
    with pytest.raises(SchemaMismatch, match="lacks the original's migrations 1a, 2f, 79: "):
        migrate(empty_url, tag_length=1)
    assert columns(adopted) == before
