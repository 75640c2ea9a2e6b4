"""Tags: rows of `groups` that an id is written into, and out of again (cf-control-plane §3.3).

The lowest free one is taken. An agent that has not heard yet goes on taking a freed tag for the old group, so it rests
for a while before it is anybody else's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import sqlalchemy as sql
from msgspec import Struct

from poplin.controller.store.errors import TagsExhausted, TagTypeTaken
from poplin.controller.store.membership import is_one_of
from poplin.controller.store.schema import destinations, freed_tags, groups, policies
from poplin.policy.model import Tag

APP = "app"  # the type of every group that policies are about; only these are freed


class Terms(Struct, frozen=True):
    """By which clock tags rest, and how long."""

    now: int  # UnixNano
    quarantine: int  # nanoseconds


def format_tag(number: int, length: int) -> str:
    """`00FF` for 255 in two bytes."""
    return f"{number:0{2 * length}X}"


def list_tags(connection: sql.Connection, length: int) -> list[Tag]:
    """Every tag that stands for something, by number."""
    query = (
        sql.select(groups.c.id, groups.c.guid, groups.c.type).where(groups.c.guid.is_not(None)).order_by(groups.c.id)
    )
    return [Tag(guid, format_tag(number, length), type or "") for number, guid, type in connection.execute(query)]


def find_numbers(connection: sql.Connection, ids: Collection[str], type: str) -> dict[str, int]:
    """The tags of those ids that have one of this type."""
    return {id: number for id, (number, its) in find_groups(connection, ids).items() if its == type}


def find_groups(connection: sql.Connection, ids: Collection[str]) -> dict[str, tuple[int, str]]:
    """Number and type of the tag, of those ids that have one."""
    query = sql.select(groups.c.guid, groups.c.id, groups.c.type).where(is_one_of(connection, groups.c.guid, ids))
    return {guid: (number, type or "") for guid, number, type in connection.execute(query)}


def ensure_numbers(connection: sql.Connection, ids: Iterable[str], type: str, terms: Terms) -> dict[str, int]:
    """The tags of all these ids; those without get one, in their order. Raises TagTypeTaken and TagsExhausted."""
    wanted = dict.fromkeys(ids)
    known = {}
    for id, (number, its) in find_groups(connection, wanted).items():
        if its != type:
            raise TagTypeTaken(f"{id!r} has a tag of type {its!r} already, so it can have none of type {type!r}")
        known[id] = number
    new = [id for id in wanted if id not in known]
    if not new:
        return known
    given = dict(zip(new, get_free(connection, len(new), terms), strict=True))
    change = (
        sql.update(groups).where(groups.c.id == sql.bindparam("number")).values(guid=sql.bindparam("its_id"), type=type)
    )
    connection.execute(change, [{"number": number, "its_id": id} for id, number in given.items()])
    return known | given


def get_free(connection: sql.Connection, count: int, terms: Terms) -> Sequence[int]:
    """The lowest tags that are free and rested, locked. Raises TagsExhausted."""
    resting = sql.select(freed_tags.c.group_id).where(freed_tags.c.freed_at > terms.now - terms.quarantine)
    query = (
        sql.select(groups.c.id)
        .where(groups.c.guid.is_(None), groups.c.id.not_in(resting))
        .order_by(groups.c.id)
        .limit(count)
        .with_for_update(of=groups)
    )
    for _ in range(2):  # PostgreSQL drops a row that an original server took meanwhile, and finds no other for it
        free = connection.scalars(query).all()
        if len(free) == count:
            return free
    rest = connection.scalar(sql.select(sql.func.count()).select_from(resting.subquery()))
    raise TagsExhausted(
        f"failed to find available tag: {count} wanted, {len(free)} free, {rest} freed a moment ago: "
        "delete policies that are of no use"
    )


def free_unused(connection: sql.Connection, numbers: Collection[int], terms: Terms) -> None:
    """Take the tags away from those groups of apps that no policy is about any more."""
    query = sql.select(groups.c.id).where(
        is_one_of(connection, groups.c.id, numbers),
        groups.c.type == APP,
        ~sql.exists().where(policies.c.group_id == groups.c.id),
        ~sql.exists().where(destinations.c.group_id == groups.c.id),
    )
    unused = connection.scalars(query.with_for_update(of=groups)).all()
    if not unused:
        return
    connection.execute(
        sql.update(groups).where(is_one_of(connection, groups.c.id, unused)).values(guid=None, type=None)
    )
    rested = freed_tags.c.freed_at <= terms.now - terms.quarantine
    connection.execute(sql.delete(freed_tags).where(rested | is_one_of(connection, freed_tags.c.group_id, unused)))
    connection.execute(sql.insert(freed_tags), [{"group_id": number, "freed_at": terms.now} for number in unused])
