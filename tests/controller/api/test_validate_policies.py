"""The checks, their order and their texts."""

from __future__ import annotations

from typing import Any

import pytest

from poplin.controller.api.decode import Entry, Side, TagRequest
from poplin.controller.api.validate import CHECKS_V0, CHECKS_V1, Invalid, validate_policies, validate_tag
from poplin.policy.model import Policy

PROTOCOL = "invalid destination protocol, specify either udp or tcp"
ID_RULE = "must be 1 to 255 letters, digits, '.', '_' or '-'"


def make_entry(**changes: Any) -> Entry:
    """A good one but for the changes: `source`, `destination`, `source_tag`, `destination_tag`, `protocol`, `ports`."""
    parts: dict[str, Any] = {
        "source": "a",
        "destination": "b",
        "source_tag": "",
        "destination_tag": "",
        "protocol": "tcp",
    }
    parts = {**parts, "ports": (80, 90), **changes}
    source, destination = (
        Side(parts["source"], parts["source_tag"]),
        Side(parts["destination"], parts["destination_tag"]),
    )
    return Entry(source, destination, parts["protocol"], *parts["ports"])


def complain(checks: Any, *entries: Entry) -> str:
    """What is wrong with them."""
    with pytest.raises(Invalid) as caught:
        validate_policies(entries, checks)
    return str(caught.value)


@pytest.mark.facts("cf-control-plane", 26, 43)
@pytest.mark.parametrize("checks", [CHECKS_V0, CHECKS_V1])
def test_there_must_be_policies(checks: Any) -> None:
    assert complain(checks) == "missing policies"


@pytest.mark.facts("cf-control-plane", 27, 28, 29, 35, 40, 43)
@pytest.mark.parametrize("checks", [CHECKS_V0, CHECKS_V1])
@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"source": ""}, "missing source id"),
        ({"destination": ""}, "missing destination id"),
        ({"protocol": "banana"}, PROTOCOL),
        ({"protocol": ""}, PROTOCOL),
        ({"protocol": "TCP"}, PROTOCOL),
        ({"source_tag": "0001"}, "tags may not be specified"),
        ({"destination_tag": "0001"}, "tags may not be specified"),
        ({"source": "a b"}, f"invalid source id, {ID_RULE}"),
        ({"destination": "b\n-A INPUT"}, f"invalid destination id, {ID_RULE}"),
        ({"destination": "b\n"}, f"invalid destination id, {ID_RULE}"),
        ({"destination": "é"}, f"invalid destination id, {ID_RULE}"),
        ({"source": "a" * 256}, f"invalid source id, {ID_RULE}"),
        ({"source": "{entry.protocol}"}, f"invalid source id, {ID_RULE}"),
    ],
)
def test_both_versions_check(checks: Any, changes: dict[str, Any], text: str) -> None:
    assert complain(checks, make_entry(**changes)) == text


@pytest.mark.facts("cf-control-plane", 30, 31, 32, 33, 34)
@pytest.mark.parametrize(
    ("ports", "text"),
    [
        ((1243, 999), "invalid port range 1243-999, start must be less than or equal to end"),
        ((8080, 0), "invalid port range 8080-0, start must be less than or equal to end"),
        ((-42, 999), "invalid start port -42, must be in range 1-65535"),
        ((0, 999), "missing start port"),
        ((0, 0), "missing start port"),
        ((42, 101101), "invalid end port 101101, must be in range 1-65535"),
        ((70000, 70000), "invalid end port 70000, must be in range 1-65535"),
    ],
)
def test_v1_checks_ranges(ports: tuple[int, int], text: str) -> None:
    assert complain(CHECKS_V1, make_entry(ports=ports)) == text


@pytest.mark.facts("cf-control-plane", 41)
@pytest.mark.parametrize(
    ("port", "text"),
    [
        (-42, "invalid port -42, must be in range 1-65535"),
        (0, "missing port"),
        (70000, "invalid port 70000, must be in range 1-65535"),  # which the original lets in
    ],
)
def test_v0_checks_ports(port: int, text: str) -> None:
    assert complain(CHECKS_V0, make_entry(ports=(port, port))) == text


def test_the_first_failure_wins() -> None:
    everything = {"source": "", "destination": "", "protocol": "", "ports": (5, 1), "source_tag": "x"}
    fixes = {"source": "a b", "destination": "b", "protocol": "udp", "ports": (0, 70000)}
    texts = []
    for name, value in fixes.items():
        texts.append(complain(CHECKS_V1, make_entry(**everything)))
        everything[name] = value
    texts.append(complain(CHECKS_V1, make_entry(**everything)))
    range_of_ports = "invalid port range 5-1, start must be less than or equal to end"
    assert texts == ["missing source id", "missing destination id", PROTOCOL, range_of_ports, "missing start port"]


def test_the_first_bad_policy_is_the_one_reported() -> None:
    bad = make_entry(source=""), make_entry(destination="")
    assert complain(CHECKS_V1, make_entry(), *bad) == "missing source id"


@pytest.mark.parametrize("id", ["INGRESS_ROUTER", "d5bbc5ed-886a-44e6-945d-67df1013fa16", "a", "a.b", "9" * 255])
def test_ids_as_they_are_in_use_are_good(id: str) -> None:
    assert validate_policies([make_entry(source=id)], CHECKS_V1) == [Policy(id, "b", "tcp", 80, 90)]


@pytest.mark.parametrize("wanted", [TagRequest("", "app"), TagRequest("a", ""), TagRequest("a b", "app")])
def test_a_tag_needs_an_id_and_a_type(wanted: TagRequest) -> None:
    with pytest.raises(Invalid, match=r"invalid tag (id|type), must be"):
        validate_tag(wanted)
