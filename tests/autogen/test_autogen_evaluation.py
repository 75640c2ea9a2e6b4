"""What `--explain` says is true: a rule that it calls unreachable decides about no packet.

Packets are made from the corners of each rule: the first and the last address, port and protocol it matches, and, where
it does not care, values that no other rule is likely to name. An independent matcher then says which rule each meets.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from autogen.examples import acl, full_intent, policy
from autogen.intents import make_intent
from autogen.rules import PROFILES, is_acl, priority_of

from poplin.autogen import explain, generate

FIELDS = ("remoteaddresses", "localaddresses", "remoteports", "localports", "protocols")
ANYTHING = {"addresses": ("203.0.113.77", "10.0.0.5"), "ports": ("40123",), "protocols": ("6", "17", "47")}
ANY_PROTOCOL = "256"  # so says Windows
HIDDEN = re.compile(r"(default \d+|[^ ]+).* matches all of it")


def lower(settings: dict[str, Any]) -> dict[str, Any]:
    return {key.lower(): value for key, value in settings.items()}


def corners(field: str, text: str | None) -> list[str]:
    """Values of a field that the rule matches, with its limits among them."""
    if text is None or text == ANY_PROTOCOL:
        return list(next(values for kind, values in ANYTHING.items() if field.endswith(kind)))
    if field.endswith("addresses"):
        networks = [ipaddress.ip_network(each) for each in text.split(",")]
        return [str(network[at]) for network in networks for at in (0, -1)]
    return [end for each in text.split(",") for end in each.split("-")]


def packets(settings: dict[str, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """Direction and fields of packets that a rule matches."""
    for values in product(*(corners(field, lower(settings).get(field)) for field in FIELDS)):
        yield lower(settings)["direction"], dict(zip(FIELDS, values, strict=True))


def matches(settings: dict[str, Any], direction: str, packet: dict[str, str]) -> bool:
    wanted = lower(settings)
    return wanted["direction"] == direction and all(
        any(holds(field, each, packet[field]) for each in wanted[field].split(","))
        for field in FIELDS
        if field in wanted
    )


def holds(field: str, each: str, value: str) -> bool:
    """Whether one item of a field of a rule has the value."""
    if field.endswith("addresses"):
        return ipaddress.ip_address(value) in ipaddress.ip_network(each)
    if each == ANY_PROTOCOL and field == "protocols":
        return True
    first, _, last = each.partition("-")
    return int(first) <= int(value) <= int(last or first)


def is_hidden(settings: dict[str, Any], earlier: dict[str, Any]) -> bool:
    """Whether the earlier rule matches every packet made for this one."""
    return all(matches(earlier, direction, packet) for direction, packet in packets(settings))


@pytest.mark.parametrize("profile", PROFILES)
def test_what_is_said_to_be_hidden_is_hidden(profile: str) -> None:
    claims = 0
    for seed in range(300):
        told = explain(generate(make_intent(seed, profile), profile))
        for at, item in enumerate(told):
            for note in item.notes:
                if found := HIDDEN.match(note):
                    before = [other.policy.settings for other in told[:at] if other.policy.origin == found[1]]
                    assert any(is_hidden(item.policy.settings, other) for other in before), (seed, note)
                    claims += 1
    assert claims > (500 if profile == "1.0.0" else 20)


@pytest.mark.parametrize("profile", PROFILES)
def test_policies_are_told_in_the_order_of_their_priorities(profile: str) -> None:
    for seed in range(300):
        made = generate(make_intent(seed, profile), profile)
        told = [item.policy for item in explain(made)]
        assert sorted(map(id, told)) == sorted(map(id, made.policies))
        acls = [policy.settings for policy in told if is_acl({"Type": policy.type})]
        ranks = [priority_of({"Settings": settings}, -1) for settings in acls]
        assert ranks == sorted(ranks), seed


@pytest.mark.parametrize(
    ("first", "second", "hidden"),
    [
        ({}, {}, True),
        ({"RemoteAddresses": "10.0.0.0/8"}, {"RemoteAddresses": "10.9.0.7"}, True),
        ({"RemoteAddresses": "10.9.0.7"}, {"RemoteAddresses": "10.0.0.0/8"}, False),
        ({"RemoteAddresses": "10.0.0.0/9,10.128.0.0/9"}, {"RemoteAddresses": "10.1.0.0/16,10.200.0.0/16"}, True),
        ({"RemoteAddresses": "10.0.0.0/8"}, {"RemoteAddresses": "10.1.0.0/16,11.0.0.0/16"}, False),
        ({"RemoteAddresses": "10.0.0.0/8"}, {}, False),
        ({"LocalAddresses": "10.0.0.0/8"}, {"RemoteAddresses": "10.1.0.0/16"}, False),
        ({"RemotePorts": "80-90"}, {"RemotePorts": "80,85-90"}, True),
        ({"RemotePorts": "80-90"}, {"RemotePorts": "80,85-91"}, False),
        ({"RemotePorts": "80-90"}, {"LocalPorts": "80"}, False),
        ({"Protocols": "6,17"}, {"Protocols": "17"}, True),
        ({"Protocols": "6"}, {"Protocols": "6,17"}, False),
        ({"Protocols": "6"}, {}, False),
        ({"Protocols": "256"}, {}, True),
        ({"remoteports": "80"}, {"Remoteports": "80", "Protocols": "6"}, True),
        ({"Direction": "In"}, {}, False),
    ],
)
def test_one_rule_hides_another_if_it_matches_all_of_it(
    first: dict[str, str], second: dict[str, str], hidden: bool
) -> None:
    users = [
        policy("ACL", **{"Action": action, "Direction": "Out", "Priority": priority, **more})
        for action, priority, more in (("Block", 200, second), ("Allow", 150, first))
    ]
    told = explain(generate(full_intent(AdditionalPolicies=users)))
    notes = {item.policy.origin: item.notes for item in told}
    assert any("AdditionalPolicies[1]" in note for note in notes["AdditionalPolicies[0]"]) is hidden
    assert not any("AdditionalPolicies[0]" in note for note in notes["AdditionalPolicies[1]"])


def test_addresses_of_both_families_do_not_hide_each_other() -> None:
    intent = full_intent(InfraPrefix="::/0", AdditionalPolicies=[acl("0.0.0.0/0", "Allow", 200)])
    notes = {item.policy.priority: item.notes for item in explain(generate(intent))}
    assert notes[6001] == ()
    assert notes[6002] != ()
