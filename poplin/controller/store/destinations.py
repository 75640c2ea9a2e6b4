"""Destinations: a group, and ports of it that some policy opens.

The caller has locked `policies_info`, so nobody else writes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sql

from poplin.controller.store.membership import is_one_of
from poplin.controller.store.schema import destinations, policies
from poplin.policy.model import Policy

Destination = tuple[int, int, int, str]  # number of the group, first and last port, protocol


def destination_of(policy: Policy, numbers: dict[str, int]) -> Destination:
    """Where it leads, as the table tells destinations apart."""
    return numbers[policy.destination], policy.start, policy.end, policy.protocol


def find_destinations(connection: sql.Connection, wanted: set[Destination]) -> dict[Destination, int]:
    """Their ids, of those that are there."""
    table = destinations.c
    query = sql.select(table.group_id, table.start_port, table.end_port, table.protocol, table.id)
    rows = connection.execute(query.where(is_one_of(connection, table.group_id, {each[0] for each in wanted})))
    return {(group, *rest): id for group, *rest, id in rows if (group, *rest) in wanted}


def ensure_destinations(connection: sql.Connection, wanted: set[Destination]) -> dict[Destination, int]:
    """Their ids, of all."""
    known = find_destinations(connection, wanted)
    new = wanted - known.keys()
    if not new:
        return known
    connection.execute(sql.insert(destinations), [as_row(each) for each in sorted(new)])
    return known | find_destinations(connection, new)


def as_row(destination: Destination) -> dict[str, Any]:
    """With `port` as the oldest clients of the table read it: nothing for a range."""
    group, start, end, protocol = destination
    port = start if start == end else 0
    return {"group_id": group, "port": port, "start_port": start, "end_port": end, "protocol": protocol}


def remove_unreached(connection: sql.Connection, ids: Collection[int]) -> None:
    """Those of these that no policy leads to any more."""
    unreached = ~sql.exists().where(policies.c.destination_id == destinations.c.id)
    connection.execute(sql.delete(destinations).where(is_one_of(connection, destinations.c.id, ids), unreached))
