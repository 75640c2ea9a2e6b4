"""Policies as they are stored, in one statement."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sql

from poplin.controller.store.membership import is_one_of
from poplin.controller.store.schema import destinations, groups, policies
from poplin.controller.store.tags import format_tag
from poplin.policy.model import Policy, Selection, TaggedPolicy

source = groups.alias("source")
target = groups.alias("target")
STORED: sql.Select[Any] = sql.select(
    *(policies.c.id.label("age"), source.c.id, source.c.guid, target.c.id, target.c.guid),
    *(destinations.c.protocol, destinations.c.start_port, destinations.c.end_port),
)
IS_SOURCE = policies.c.group_id == source.c.id
IS_REACHED = policies.c.destination_id == destinations.c.id
IS_TARGET = destinations.c.group_id == target.c.id
EVERY = STORED.join_from(policies, source, IS_SOURCE).join(destinations, IS_REACHED).join(target, IS_TARGET)
# From the few groups that are asked for to their policies: MariaDB would go through all policies instead.
CHOSEN = STORED.prefix_with("STRAIGHT_JOIN", dialect="mysql")
FROM_SOURCES = CHOSEN.join_from(source, policies, IS_SOURCE).join(destinations, IS_REACHED).join(target, IS_TARGET)
TO_TARGETS = CHOSEN.join_from(target, destinations, IS_TARGET).join(policies, IS_REACHED).join(source, IS_SOURCE)


def list_policies(connection: sql.Connection, selection: Selection, tag_length: int) -> list[TaggedPolicy]:
    """Those that are selected, the oldest first. Asks nothing where nothing can be."""
    asked = (selection.either,) if selection.either is not None else (selection.sources, selection.destinations)
    if frozenset() in asked:
        return []
    rows = connection.execute(select(connection, selection))
    texts = TagTexts(tag_length)
    return [
        TaggedPolicy(Policy(from_id, to_id, protocol, start, end), texts[from_number], texts[to_number])
        for _, from_number, from_id, to_number, to_id, protocol, start, end in rows
    ]


class TagTexts(dict[int, str]):
    """Tags by number, each formatted once."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __missing__(self, number: int) -> str:
        self[number] = text = format_tag(number, self.length)
        return text


def select(connection: sql.Connection, selection: Selection) -> Any:
    """The query. Either side is asked for by itself, as no index answers an `or` of two tables."""
    if selection.either is not None:
        sides = ((FROM_SOURCES, source), (TO_TARGETS, target))
        parts = (query.where(is_one_of(connection, side.c.guid, selection.either)) for query, side in sides)
        return sql.union(*parts).order_by("age")
    wanted = ((source, selection.sources), (target, selection.destinations))
    chosen = [is_one_of(connection, side.c.guid, ids) for side, ids in wanted if ids is not None]
    query = EVERY if not chosen else TO_TARGETS if selection.sources is None else FROM_SOURCES
    return query.where(*chosen).order_by("age")


def count_policies(connection: sql.Connection) -> int:
    """How many there are."""
    return connection.scalar(sql.select(sql.func.count()).select_from(policies)) or 0
