"""When one ACL leaves nothing for another: the cases that the random ones of test_autogen_evaluation.py seldom meet."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.autogen import explain, generate
from poplin.autogen.matching import merge, read_match
from poplin.autogen.policy import Policy

INTENT = {"Name": "net", "Type": "sdnbridge", "Subnet": "10.1.0.0/24", "SkipDefaultPolicies": True}
REQUIRED = {"Gateway": "10.1.0.1", "DnsServers": "10.1.0.2", "InfraPrefix": "10.2.0.0/24", "ManagementIp": "10.2.0.4"}


def acl(**settings: Any) -> Policy:
    return Policy("ACL", {"Action": "Allow", "Direction": "Out", **settings}, "test")


def covers(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    return read_match(acl(**wide)).covers(read_match(acl(**narrow)))


def notes(*settings: dict[str, Any], profile: str = "0.3.1", **keys: Any) -> list[tuple[str, ...]]:
    """Of ACLs alone, in the order of their evaluation."""
    policies = [{"Type": "ACL", "Settings": {"Action": "Allow", "Direction": "Out", **each}} for each in settings]
    made = generate({**INTENT, **REQUIRED, **keys, "AdditionalPolicies": policies}, profile)
    return [item.notes for item in explain(made)]


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({}, {"RemoteAddresses": "10.0.0.0/8"}),
        ({"RemoteAddresses": "10.0.0.0/9,10.128.0.0/9"}, {"RemoteAddresses": "10.0.0.0/8"}),
        ({"RemoteAddresses": "10.128.0.0/9,10.0.0.0/9,192.0.2.0/24"}, {"RemoteAddresses": "10.0.0.0/8,192.0.2.7"}),
        ({"RemotePorts": "80-90,91-100"}, {"RemotePorts": "80-100"}),
        ({"LocalPorts": "1-65535"}, {"LocalPorts": "22,80-90"}),
        ({"Protocols": "256"}, {"Protocols": "6"}),
        ({"Protocols": "256"}, {}),
        ({"RemoteAddresses": "::/0"}, {"RemoteAddresses": "fd00::/8"}),
        ({"RuleType": "Switch"}, {}),
        ({"remoteports": "80"}, {"RemotePorts": "80"}),
    ],
)
def test_a_rule_covers_what_lies_in_it_and_not_the_other_way_unless_they_are_the_same(wide, narrow):
    assert covers(wide, narrow)
    same = read_match(acl(**wide)) == read_match(acl(**narrow))
    assert covers(narrow, wide) is same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"RuleType": "Host"}, {"RuleType": "Switch"}),
        ({"RuleType": "Host"}, {}),
        ({"Direction": "In"}, {"Direction": "Out"}),
        ({"RemoteAddresses": "10.0.0.0/8"}, {"RemoteAddresses": "::/0"}),
        ({"RemoteAddresses": "10.0.0.0/8"}, {"LocalAddresses": "10.0.0.0/8", "RemoteAddresses": "192.0.2.0/24"}),
        ({"RemotePorts": "80-89"}, {"RemotePorts": "90"}),
        ({"Protocols": "6"}, {"Protocols": "17"}),
    ],
)
def test_rules_that_never_meet_neither_cover_nor_overlap(one, other):
    first, second = read_match(acl(**one)), read_match(acl(**other))
    assert [a.covers(b) or a.overlaps(b) for a, b in ((first, second), (second, first))] == [False, False]


def test_spans_that_touch_are_one():
    assert merge([(8, 9), (1, 2), (3, 5), (4, 4)]) == [(1, 5), (8, 9)]


def test_rules_of_one_priority_are_an_open_question_only_where_they_overlap_and_differ():
    one, two = {"Priority": 3000, "RemotePorts": "80"}, {"Priority": 3000, "RemotePorts": "79-81", "Action": "Block"}
    question = "AdditionalPolicies[0] (3000) (Allow) has the same priority: which of them decides is open"
    assert notes(one, two) == [(), (question,)]
    assert notes(one, {**two, "RemotePorts": "81"}) == [(), ()]
    assert notes(one, {**two, "Action": "Allow"}) == [(), ()]


def test_what_is_covered_says_by_which_rule_and_to_what_effect():
    first = {"Priority": 3000, "RemoteAddresses": "10.0.0.0/8", "Action": "Block"}
    later = {"Priority": 3001, "RemoteAddresses": "10.9.0.0/16"}
    said = "AdditionalPolicies[0] (3000) (Block) matches all of it first"
    assert notes(first, later) == [(), (f"{said}, so this never takes effect",)]
    assert notes(first, {**later, "Action": "Block"}) == [(), (f"{said}, and does the same",)]


def test_a_fault_of_the_default_rules_is_told_also_where_a_rule_of_the_user_hides_them_all():
    keys = {"Name": "net", "Type": "nat", "Subnet": "10.1.0.0/24"}
    allow_all = {"Type": "ACL", "Settings": {"Action": "Allow", "Direction": "Out", "Priority": 100}}
    made = generate({**keys, "AdditionalPolicies": [allow_all]})
    dns = [item.notes for item in explain(made) if item.policy.priority == 5002]
    hidden = (
        "AdditionalPolicies[0] (100) (Allow) matches all of it first, and does the same",
        "default 4999 (Block), also before it, matches all of it too",
    )
    assert dns == [hidden, hidden]
