"""Policies out of the tables, and with them the destinations nobody may reach any more and the tags nobody needs.

The caller has locked `policies_info`, so nobody else writes. What is not there is passed over (cf-control-plane §3.4),
and only what really went frees a tag: a request that names somebody else's group must not take its tag away.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sql

from poplin.controller.store.destinations import destination_of, find_destinations, remove_unreached
from poplin.controller.store.membership import is_one_of
from poplin.controller.store.schema import policies
from poplin.controller.store.tags import APP, Terms, find_numbers, free_unused
from poplin.policy.model import Policy


def delete_policies(connection: sql.Connection, unwanted: Sequence[Policy], terms: Terms) -> None:
    """Remove them."""
    numbers = find_numbers(connection, {id for each in unwanted for id in (each.source, each.destination)}, APP)
    known = [each for each in unwanted if each.source in numbers and each.destination in numbers]
    reached = find_destinations(connection, {destination_of(each, numbers) for each in known})
    pairs = {(numbers[each.source], reached.get(destination_of(each, numbers), 0)) for each in known}
    removed = remove_pairs(connection, pairs)
    groups_of = {id: group for (group, *_), id in reached.items()}
    remove_unreached(connection, {destination for _, destination in removed})
    touched = {group for source, destination in removed for group in (source, groups_of[destination])}
    free_unused(connection, touched, terms)


def remove_pairs(connection: sql.Connection, pairs: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Remove the policies of these source groups and destinations; those that were there."""
    stored = sql.select(policies.c.id, policies.c.group_id, policies.c.destination_id)
    chosen = stored.where(
        is_one_of(connection, policies.c.group_id, {group for group, _ in pairs}),
        is_one_of(connection, policies.c.destination_id, {destination for _, destination in pairs}),
    )
    rows = connection.execute(chosen)
    found = {(group, destination): id for id, group, destination in rows if (group, destination) in pairs}
    connection.execute(sql.delete(policies).where(is_one_of(connection, policies.c.id, found.values())))
    return set(found)
