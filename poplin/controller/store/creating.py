"""Policies into the tables: groups, then destinations, then policies, each in one go, and what is there already stays.

The caller has locked `policies_info`, so nobody else writes (cf-control-plane §3.4).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import sqlalchemy as sql

from poplin.controller.store.database import saying
from poplin.controller.store.destinations import destination_of, ensure_destinations
from poplin.controller.store.errors import QuotaExceeded, QuotaUnknown
from poplin.controller.store.membership import is_one_of
from poplin.controller.store.schema import policies
from poplin.controller.store.tags import APP, Terms, ensure_numbers, find_numbers
from poplin.policy.model import Policy


def create_policies(
    connection: sql.Connection, wanted: Sequence[Policy], terms: Terms, quota: int | None = None
) -> None:
    """Store them. Raises QuotaExceeded, TagTypeTaken, TagsExhausted."""
    if quota is not None:
        check_quota(connection, wanted, quota)
    ids = (id for policy in wanted for id in (policy.source, policy.destination))
    numbers = ensure_numbers(connection, ids, APP, terms)
    reached = ensure_destinations(connection, {destination_of(policy, numbers) for policy in wanted})
    ensure_pairs(connection, {(numbers[policy.source], reached[destination_of(policy, numbers)]) for policy in wanted})


def check_quota(connection: sql.Connection, wanted: Sequence[Policy], quota: int) -> None:
    """An app may be the source of so many; one it asks for again counts twice. Raises QuotaExceeded, QuotaUnknown."""
    asked = Counter(policy.source for policy in wanted)
    with saying("check quota", QuotaUnknown):
        numbers = find_numbers(connection, asked, APP)
        stored = count_by_source(connection, numbers)
    for id, count in asked.items():
        if stored[numbers.get(id, 0)] + count > quota:
            raise QuotaExceeded(f"{id!r} would be the source of more than {quota} policies")


def count_by_source(connection: sql.Connection, numbers: dict[str, int]) -> Counter[int]:
    """How many policies each group is the source of."""
    query = (
        sql.select(policies.c.group_id, sql.func.count())
        .where(is_one_of(connection, policies.c.group_id, numbers.values()))
        .group_by(policies.c.group_id)
    )
    return Counter({number: count for number, count in connection.execute(query)})


def ensure_pairs(connection: sql.Connection, wanted: set[tuple[int, int]]) -> None:
    """A policy for each pair of a source's group and a destination."""
    query = sql.select(policies.c.group_id, policies.c.destination_id)
    stored = query.where(
        is_one_of(connection, policies.c.group_id, {group for group, _ in wanted}),
        is_one_of(connection, policies.c.destination_id, {destination for _, destination in wanted}),
    )
    new = wanted - {(group, destination) for group, destination in connection.execute(stored)}
    if new:
        rows = [{"group_id": group, "destination_id": destination} for group, destination in sorted(new)]
        connection.execute(sql.insert(policies), rows)
