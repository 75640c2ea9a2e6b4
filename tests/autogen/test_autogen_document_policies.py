"""Profile 1.0.0: the order of policies, and what users may add."""

from __future__ import annotations

import pytest
from autogen.documents import problems_of, settings_of, summary
from autogen.examples import acl, full_intent, policy
from autogen.rules import in_order

from poplin.autogen import generate


def test_the_order_for_any_input() -> None:
    """OutBoundNAT; the user's other policies as they come; 4999, 5003; the user's ACLs as they come; the rest."""
    users = [
        acl("10.1.0.0/16", "Allow", 4096),
        policy("SDNRoute", DestinationPrefix="10.0.0.0/8", NeedEncap=True),
        acl("10.2.0.0/16", "Allow", 100),
        policy("OutBoundNAT", Exceptions=["10.3.0.0/16"]),
        acl("10.4.0.0/16", "Block", 300),
    ]
    made = generate(full_intent(AdditionalPolicies=users))
    assert summary(made.document) == [
        ("OutBoundNAT", None),
        ("SDNRoute", None),
        ("OutBoundNAT", None),
        *(("ACL", each) for each in (4999, 5003, 4096, 100, 300, 5000, 5001, 5002, 5002, 6001, 6002, 6003)),
    ]
    assert settings_of(made.document, "OutBoundNAT")[1] == {"Exceptions": ["10.3.0.0/16"]}
    assert [each["Protocols"] for each in settings_of(made.document, "ACL") if each["Priority"] == 5002] == ["6", "17"]


@pytest.mark.facts("autogen", 26)
def test_a_route_keeps_its_settings_and_gets_no_priority() -> None:
    route = policy("SDNRoute", NeedEncap=False, DestinationPrefix="10.0.0.0/8")
    made = generate(full_intent(AdditionalPolicies=[route]))
    assert in_order(made.document["AdditionalArgs"][1]["Value"]) == in_order(route)


@pytest.mark.facts("autogen", 29)
def test_acl_in_lower_case_is_one_and_stays_so() -> None:
    added = {**acl("10.9.0.0/16", "Allow", 3100), "Type": "acl"}
    made = generate(full_intent(AdditionalPolicies=[added]))
    assert in_order(made.document["AdditionalArgs"][3]["Value"]) == in_order(added)
    assert any("Priority" in each for each in problems_of(full_intent(Policies=policy("acl", Priority=99))))


@pytest.mark.facts("autogen", 31)
def test_settings_keep_their_casing_order_and_values() -> None:
    added = policy("ACL", Remoteports="8080", Priority=500, DIRECTION="In", Action="Pass", localPORTS="1-2")
    made = generate(full_intent(AdditionalPolicies=[added]))
    assert in_order(made.document["AdditionalArgs"][3]["Value"]) == in_order(added)
    assert made.warnings == ()


@pytest.mark.parametrize("priority", [100, 4096])
def test_the_band_of_user_priorities_includes_its_ends(priority: int) -> None:
    made = generate(full_intent(AdditionalPolicies=[acl("10.9.0.0/16", "Allow", priority)]))
    assert ("ACL", priority) in summary(made.document)


@pytest.mark.parametrize("priority", [99, 4097, 0, -1, 65536])
def test_priorities_outside_the_band_are_refused(priority: int) -> None:
    users = [acl("10.9.0.0/16", "Allow", 200), acl("10.8.0.0/16", "Allow", priority)]
    (problem,) = problems_of(full_intent(AdditionalPolicies=users))
    assert problem.startswith("AdditionalPolicies[1].Settings.Priority")
    assert str(priority) in problem
    assert "100" in problem
    assert "4096" in problem


@pytest.mark.facts("autogen", 28)
def test_an_acl_without_a_priority_is_refused() -> None:
    users = [policy("ACL", Action="Allow", Direction="Out")]
    (problem,) = problems_of(full_intent(AdditionalPolicies=users))
    assert problem.startswith("AdditionalPolicies[0]")
    assert "Priority" in problem


def test_equal_priorities_of_two_acls_warn() -> None:
    users = [acl("10.9.0.0/16", "Allow", 200), acl("10.8.0.0/16", "Block", 200)]
    made = generate(full_intent(AdditionalPolicies=users))
    (warning,) = made.warnings
    assert "200" in warning
    assert "AdditionalPolicies" in warning


def test_unknown_policy_types_pass_with_a_warning_and_not_with_strict() -> None:
    foo = policy("Foo", Anything=[1, 2.5, None, {"b": 1, "a": 2}])
    intent = full_intent(AdditionalPolicies=[foo])
    made = generate(intent)
    assert in_order(made.document["AdditionalArgs"][1]["Value"]) == in_order(foo)
    (warning,) = made.warnings
    assert "unknown policy type 'Foo'" in warning
    (problem,) = problems_of(intent, strict=True)
    assert "unknown policy type 'Foo'" in problem


def test_the_message_names_the_spelling_that_was_used() -> None:
    (problem,) = problems_of(full_intent(policies=[policy("ACL", Action="Allow", Direction="Up", Priority=200)]))
    assert problem.startswith("policies[0].Settings.Direction")
