"""The user's own policies, AdditionalPolicies of an intent: checked, and otherwise left as they were written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from poplin.autogen.checking import check_policy
from poplin.autogen.policy import Policy
from poplin.autogen.problem import Review
from poplin.autogen.profile import Profile
from poplin.schema.casing import find_value
from poplin.schema.finding import ERROR
from poplin.schema.plain import is_integer
from poplin.schema.values import quote


def read_additional(
    items: Iterable[tuple[str, object]], profile: Profile, strict: bool, review: Review
) -> list[Policy]:
    """The policies from their places in the intent and what is there; problems go into the review."""
    policies = []
    for where, item in items:
        policy = find_policy(item, where)
        place = f"{where}.Settings.Priority"
        band_problems = [f"{place}: {text}" for text in list_band_problems(policy, profile.user_band)] if policy else []
        for finding in check_policy(item, where):
            if band_problems and finding.where.lower() == place.lower():
                continue  # the band below says it better
            is_problem = finding.severity == ERROR or (strict and finding.is_unknown_policy)
            (review.problems if is_problem else review.warnings).append(str(finding))
        if policy:
            review.refuse(band_problems)
            policies.append(policy)
    review.warnings.extend(list_twins(policies))
    return policies


def find_policy(item: object, where: str) -> Policy | None:
    """The policy, if it has the shape of one."""
    if not isinstance(item, dict):
        return None
    kind, settings = find_value(item, "Type"), find_value(item, "Settings")
    return Policy(kind, settings, where) if isinstance(kind, str) and isinstance(settings, dict) else None


def list_band_problems(policy: Policy, band: range) -> Iterator[str]:
    """What is wrong with the priority of an ACL."""
    priority = policy.find("Priority")
    wanted = f"from {band[0]} to {band[-1]}"
    if not policy.is_acl or (is_integer(priority) and priority in band):
        return
    if priority is None:
        yield f"an ACL needs one; write an integer {wanted}"
    elif is_integer(priority):
        yield f"{quote(priority)} is outside of the band for users; write an integer {wanted}"
    else:
        yield f"{quote(priority)} is not an integer; write one {wanted}"


def list_twins(policies: list[Policy]) -> Iterator[str]:
    """ACLs whose order among each other nobody knows."""
    places: dict[int, list[str]] = {}
    for policy in policies:
        if policy.is_acl and policy.priority is not None:
            places.setdefault(policy.priority, []).append(policy.origin)
    for priority, origins in places.items():
        if len(origins) > 1:
            yield f"{' and '.join(origins)} have the same Priority {priority}: which of them decides is not defined"
