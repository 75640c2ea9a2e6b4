"""Whatever is created and deleted in whatever order: the tables hold what a set would."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poplin.controller.store import Store
from poplin.policy.model import Policy, Selection

IDS = st.sampled_from(["a", "b", "c", "A", "é", "a b", "'", "%s"])
PORTS = st.sampled_from([(1, 1), (1, 2), (2, 2), (65535, 65535)])
POLICIES = st.builds(
    lambda a, b, kind, ports: Policy(a, b, kind, *ports), IDS, IDS, st.sampled_from(["tcp", "udp"]), PORTS
)
STEPS = st.lists(st.tuples(st.sampled_from(["create", "delete"]), st.lists(POLICIES, max_size=6)), max_size=8)
CHOICES = st.none() | st.frozensets(IDS)
SELECTIONS = st.builds(Selection, CHOICES, CHOICES, CHOICES)


def is_selected(policy: Policy, selection: Selection) -> bool:
    """As the record says it."""
    if selection.either is not None:
        return not selection.either.isdisjoint((policy.source, policy.destination))
    wanted = ((policy.source, selection.sources), (policy.destination, selection.destinations))
    return all(ids is None or id in ids for id, ids in wanted)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, selection=SELECTIONS)
def test_the_store_is_a_set(store: Store, steps: list[tuple[str, list[Policy]]], selection: Selection) -> None:
    store.delete_policies([each.policy for each in store.list_policies()])  # of the example before
    known: set[Policy] = set()
    for verb, policies in steps:
        if verb == "create":
            store.create_policies(policies)
            known |= set(policies)
        else:
            store.delete_policies(policies)
            known -= set(policies)
    listed = store.list_policies()
    assert sorted(each.policy for each in listed) == sorted(known)
    assert sorted(each.policy for each in store.list_policies(selection)) == sorted(
        policy for policy in known if is_selected(policy, selection)
    )
    tags = {tag.id: tag.tag for tag in store.list_tags()}
    assert tags.keys() == {id for each in known for id in (each.source, each.destination)}
    for each in listed:
        assert (each.source_tag, each.destination_tag) == (tags[each.policy.source], tags[each.policy.destination])
