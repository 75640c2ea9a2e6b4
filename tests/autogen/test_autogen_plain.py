"""The Python function takes what JSON has, as a copy, and refuses the rest in a sentence."""

from __future__ import annotations

from collections import ChainMap
from types import MappingProxyType
from typing import Any

import pytest
from autogen.examples import full_intent

from poplin.autogen import IntentError, check, generate

NESTED: list[Any] = []
NESTED.append(NESTED)


def with_setting(value: object) -> dict[str, Any]:
    return full_intent(AdditionalPolicies=[{"Type": "Foo", "Settings": {"x": value}}])


@pytest.mark.parametrize(
    ("intent", "sentence"),
    [
        (None, 'null is not an intent; write an object like {"Name": ...}'),
        ([1], '[1] is not an intent; write an object like {"Name": ...}'),
        ({**full_intent(), 1: 2}, "the key 1 is not a string"),
        (with_setting({2: 3}), "the key 2 is not a string"),
        (with_setting(float("nan")), "the number NaN is too large"),
        (with_setting(float("inf")), "the number Infinity is too large"),
        (with_setting(1 << 20000), "the number <int> is too large"),
        (with_setting(b"bytes"), "<bytes> has no form in JSON"),
        (with_setting({1, 2}), "<set> has no form in JSON"),
        (with_setting(NESTED), "the JSON has too many levels of nesting: 40 are the most"),
    ],
)
def test_what_is_no_json_is_refused(intent, sentence):
    with pytest.raises(IntentError) as caught:
        generate(intent)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("document", [{1: 2}, {"type": "nat", "x": {1: 2}}, float("nan"), {"x": b""}, NESTED, object()])
def test_what_is_no_json_is_a_finding(document):
    (finding,) = check(document)
    assert (finding.severity, finding.where) == ("error", "")


def test_other_mappings_and_tuples_are_objects_and_lists():
    plain = with_setting([1])
    policies = tuple(
        MappingProxyType({**each, "Settings": ChainMap(each["Settings"])}) for each in plain["AdditionalPolicies"]
    )
    other = MappingProxyType({**plain, "DnsServers": tuple(plain["DnsServers"]), "AdditionalPolicies": policies})
    assert generate(other).document == generate(plain).document


def test_nothing_is_shared_between_intent_policies_and_document():
    exceptions = ["10.0.0.0/8"]
    intent = full_intent(AdditionalPolicies=[{"Type": "OutBoundNAT", "Settings": {"Exceptions": exceptions}}])
    made = generate(intent)
    (place,) = [
        each["Value"]["Settings"]["Exceptions"]
        for each in made.document["AdditionalArgs"]
        if each["Value"]["Settings"].get("Exceptions") == exceptions
    ]
    place.append("added")
    assert exceptions == ["10.0.0.0/8"]
    assert [policy.settings for policy in made.policies if not policy.is_default] == [{"Exceptions": ["10.0.0.0/8"]}]


def test_a_list_needs_no_warning_of_its_version_and_a_single_configuration_does():
    intent = full_intent(Version="1.0.0", Type="sdnbridge")
    assert generate(intent, as_list=True).warnings == ()
    (warning,) = generate(intent).warnings
    assert warning.startswith("Version: single configurations were removed from the CNI specification with 1.0.0")
