"""What nftables has, whoever made it, beside what nft(8) says."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from netlab import Host

from poplin.linux.netns import Namespace
from poplin.linux.nft.antispoof import ANTISPOOF
from poplin.linux.nft.forward import FORWARD as FORWARDING
from poplin.linux.nft.listing import (
    FORWARD,
    NF_ACCEPT,
    NF_DROP,
    find_kinds,
    lets_mark_pass,
    list_base_chains,
    list_chain_names,
    list_sets,
)
from poplin.linux.nft.nat import NAT
from poplin.linux.nft.rules import Chain

MARK = 0x10000000
GATE = "add table {0} mine; add chain {0} mine gate {{ type filter hook forward priority {1}; policy {2}; }}"


@pytest.fixture
def there(host: Host) -> Iterator[Namespace]:
    """The host, open."""
    with Namespace(host.path) as opened:
        yield opened


def test_chains_at_a_hook_are_listed_with_their_policy(host: Host, there: Namespace) -> None:
    gates = (("ip", 0, "drop"), ("ip6", -5, "accept"), ("inet", 300, "drop"), ("bridge", 7, "drop"))
    for gate in gates:
        host.sh(f"nft '{GATE.format(*gate)}'")
    host.sh("nft add chain inet mine aside")
    host.sh("nft 'add chain inet mine in { type filter hook input priority 0; policy drop; }'")
    found = list_base_chains(there.nft.socket, FORWARD)
    assert {(each.table, each.name, each.priority, each.policy) for each in found} == {
        ("ip mine", "gate", 0, NF_DROP),
        ("ip6 mine", "gate", -5, NF_ACCEPT),
        ("inet mine", "gate", 300, NF_DROP),
        ("bridge mine", "gate", 7, NF_DROP),
    }
    assert list_chain_names(there.nft.socket, "inet mine") == {"gate", "aside", "in"}
    assert list_chain_names(there.nft.socket, "inet nobodys") == set()


@pytest.mark.parametrize("skeleton", [NAT, FORWARDING, ANTISPOOF], ids=lambda each: str(each.file))
def test_sets_are_listed_with_their_types(host: Host, there: Namespace, skeleton: object) -> None:
    there.run(there.nft.load, skeleton)
    table = skeleton.table  # type: ignore[attr-defined]
    told = json.loads(host.sh(f"nft -j list table {table}"))["nftables"]
    sets = {body["name"]: body for item in told for kind, body in item.items() if kind in ("set", "map")}
    found = {each.name: each for each in list_sets(there.nft.socket, table)}
    assert set(found) == set(sets)
    for name, body in sets.items():
        assert as_list(body["type"]) == [kind.name for kind in found[name].key]
        assert as_list(body.get("map", [])) == [kind.name for kind in found[name].data]


def as_list(value: str | list[str]) -> list[str]:
    """A single type, or those of a concatenation, which nft tells as a list or as text."""
    return value if isinstance(value, list) else value.split(" . ")


def test_sets_of_types_we_have_nothing_of_are_left_out(host: Host, there: Namespace) -> None:
    host.sh(
        "nft 'add table inet mine; add set inet mine marks { type mark; }; add set inet mine ips { type ipv4_addr; }'"
    )
    host.sh("nft 'add chain inet mine c; add rule inet mine c tcp dport { 1, 2 } accept'")
    assert [each.name for each in list_sets(there.nft.socket, "inet mine")] == ["ips"]
    assert find_kinds(0) == ()


@pytest.mark.parametrize(
    ("rule", "passes"),
    [
        ("meta mark and 0x10000000 != 0 accept", True),
        ("meta mark 0x10000000 accept", True),
        ("meta mark and 0x10000000 != 0 drop", False),
        ("meta mark and 0x20000000 != 0 accept", False),
        ("ip saddr 10.0.0.0/8 accept", False),
    ],
)
def test_a_rule_that_lets_the_mark_pass_is_found(host: Host, there: Namespace, rule: str, passes: bool) -> None:
    host.sh(f"nft '{GATE.format('inet', 0, 'drop')}; add rule inet mine gate {rule}'")
    assert lets_mark_pass(there.nft.socket, Chain("inet mine", "gate"), MARK) == passes


@pytest.mark.parametrize(("target", "passes"), [("ACCEPT", True), ("DROP", False)])
def test_a_rule_of_iptables_is_found_too(host: Host, there: Namespace, target: str, passes: bool) -> None:
    host.sh(f"iptables-nft -A FORWARD -m mark --mark {MARK:#x}/{MARK:#x} -j {target}")
    assert lets_mark_pass(there.nft.socket, Chain("ip filter", "FORWARD"), MARK) == passes
