"""Which policy decides: the order in which Windows asks them, and those that are never asked.

ACLs are asked by priority, the lowest number first, and the first that matches decides. The other policies are no
questions: they apply beside the ACLs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from poplin.autogen.configuration import Generated
from poplin.autogen.matching import Match, read_match
from poplin.autogen.policy import Policy


@dataclass(frozen=True)
class Explained:
    """A policy in its place, with what its author should know."""

    policy: Policy
    notes: tuple[str, ...] = ()


def explain(made: Generated) -> list[Explained]:
    """The policies of a configuration in the order of their evaluation."""
    others = [Explained(policy) for policy in made.policies if not policy.is_acl]
    acls = sorted((policy for policy in made.policies if policy.is_acl), key=lambda acl: acl.priority or 0)
    return others + explain_acls(acls)


def explain_acls(acls: list[Policy]) -> list[Explained]:
    """Each ACL with notes about those before it."""
    explained: list[Explained] = []
    asked: list[tuple[Policy, Match]] = []
    for acl in acls:
        match = read_match(acl)
        explained.append(Explained(acl, tuple(list_notes(acl, match, asked))))
        asked.append((acl, match))
    return explained


def list_notes(acl: Policy, match: Match, asked: list[tuple[Policy, Match]]) -> Iterator[str]:
    """Which ACL before this one leaves nothing for it, and where the order is open."""
    before = (other for other, theirs in asked if other.priority != acl.priority and theirs.covers(match))
    if first := next(before, None):
        same = get_action(first) == get_action(acl)
        effect = "and does the same" if same else "so this never takes effect"
        yield f"{describe_rule(first)} ({get_action(first)}) matches all of it first, {effect}"
        if own := next((other for other in before if other.is_default and acl.is_default), None):
            # A fault of the default policies, whatever the user's do.
            yield f"{describe_rule(own)} ({get_action(own)}), also before it, matches all of it too"
    for other, theirs in asked:
        if other.priority == acl.priority and theirs.overlaps(match) and get_action(other) != get_action(acl):
            yield f"{describe_rule(other)} ({get_action(other)}) has the same priority: which of them decides is open"


def get_action(acl: Policy) -> str:
    """Allow, Block or Pass."""
    return str(acl.find("Action"))


def describe_rule(acl: Policy) -> str:
    """`default 4999`, `AdditionalPolicies[0] (2000)`."""
    return acl.origin if acl.is_default else f"{acl.origin} ({acl.priority})"
