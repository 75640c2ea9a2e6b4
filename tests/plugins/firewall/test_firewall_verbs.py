"""ADD, DEL, CHECK, STATUS and GC of firewall, on a host that has no other firewall."""

from __future__ import annotations

from typing import Any

import pytest
from firewall import elements
from firewall_lab import OUTSIDE4, Guarded, answers, reaches, rules_of
from netlab import all_versions, check_versions
from portmap_lab import port
from traffic import call, is_silent, serving

from poplin.spec.versions import FAMILIES

SHARED = ("guarded", "selves", "strangers")  # of the bridge, until GC


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def drop_all(guarded: Guarded) -> None:
    """A firewall of nft's that lets pass what is marked and nothing else, as its administrator may write it."""
    guarded.nft("add table inet site")
    guarded.host.sh("nft add chain inet site forward '{ type filter hook forward priority 0; policy drop; }'")
    guarded.nft("add rule inet site forward meta mark & 0x10000000 != 0 accept")


@facts(61, 62)
def test_both_addresses_are_let_through_and_the_result_is_passed_on(guarded: Guarded) -> None:
    drop_all(guarded)
    container = guarded.add_container()
    assert not answers(container, OUTSIDE4)
    guarded.admit(container)
    assert guarded.elements() == {"allowed4": ["10.1.2.2"], "allowed6": ["fd00::2"]}
    assert reaches(container, OUTSIDE4)
    with serving(guarded.outside, 80):
        assert call(container, OUTSIDE4, 80) == "10.1.2.2", "and is answered"
    with serving(container, 80):
        assert is_silent(guarded.outside, "10.1.2.2", 80), "but nobody may begin"


def test_published_ports_may_be_called(guarded: Guarded) -> None:
    drop_all(guarded)
    container = guarded.add()
    ports = {"runtimeConfig": {"portMappings": [port(8080, 80)]}}
    guarded.host.cni("ADD", {**guarded.conf(container), "type": "portmap", **ports}, container)
    with serving(container, 80), serving(container, 81):
        assert call(guarded.outside, "192.0.2.1", 8080) == OUTSIDE4
        assert is_silent(guarded.outside, "10.1.2.2", 81)


@all_versions
def test_the_result_passes_through_in_every_version(guarded: Guarded, version: str) -> None:
    container = guarded.host.add_container()
    four, six = "10.1.2.9/24", "fd00::9/64"
    results = {
        "A": {"ip4": {"ip": four}, "ip6": {"ip": six}, "dns": {}},
        "B": {"ips": [{"version": "4", "address": four}, {"version": "6", "address": six}], "dns": {}},
        "C": {"ips": [{"address": four}, {"address": six}]},
    }
    result = results[FAMILIES[version]]
    conf = {"cniVersion": version, "name": "foo", "type": "firewall", "PrevResult": {"cniVersion": version, **result}}
    reply = guarded.host.call("ADD", conf, container, environ=guarded.environ)
    assert (reply.status, reply.object["cniVersion"]) == (0, version)
    assert {**result, **reply.object} == reply.object
    assert guarded.elements() == {"allowed4": ["10.1.2.9"], "allowed6": ["fd00::9"]}
    guarded.host.cni("DEL", conf, container, environ=guarded.environ)
    assert guarded.elements() == {}


@facts(63)
def test_add_comes_twice(guarded: Guarded) -> None:
    container = guarded.add(ingressPolicy="isolated")
    before = guarded.nft("list ruleset")
    guarded.admit(container, ingressPolicy="isolated")
    assert guarded.nft("list ruleset") == before


def test_another_add_follows_other_settings_and_fewer_addresses(guarded: Guarded) -> None:
    container = guarded.add(ingressPolicy="isolated")
    del guarded.results[container.id]["ips"][1]
    guarded.admit(container)
    assert {name: each for name, each in guarded.elements().items() if name not in SHARED} == {"allowed4": ["10.1.2.2"]}
    assert guarded.ports() == {}
    guarded.collect("foo", container)
    assert guarded.elements() == {"allowed4": ["10.1.2.2"]}


def test_an_address_belongs_to_whoever_has_it_now(guarded: Guarded) -> None:
    gone, new = guarded.add(), guarded.add_container()
    guarded.results[new.id]["ips"] = guarded.results[gone.id]["ips"]
    guarded.admit(new)
    guarded.expel(gone)
    assert guarded.elements() == {"allowed4": ["10.1.2.2"], "allowed6": ["fd00::2"]}
    assert guarded.call("CHECK", gone).code == 103
    assert guarded.call("CHECK", new).status == 0


# The administrator's chain.


@facts(64)
@pytest.mark.parametrize(
    ("fields", "name"), [({}, "CNI-ADMIN"), ({"iptablesAdminChainName": "CNI-foobar"}, "CNI-foobar")]
)
def test_the_administrator_has_the_first_word(guarded: Guarded, fields: dict[str, str], name: str) -> None:
    drop_all(guarded)
    container = guarded.add(**fields)
    assert rules_of(guarded.host, name) == []
    guarded.nft(f"add rule inet poplin {name} ip daddr {OUTSIDE4} tcp dport 80 drop")
    guarded.nft(f"add rule inet poplin {name} ip daddr 10.1.2.2 tcp dport 81 accept")
    with serving(guarded.outside, 80), serving(guarded.outside, 82), serving(container, 81), serving(container, 83):
        assert is_silent(container, OUTSIDE4, 80)
        assert call(container, OUTSIDE4, 82) == "10.1.2.2"
        assert call(guarded.outside, "10.1.2.2", 81) == OUTSIDE4, "what is accepted there passes other tables too"
        assert is_silent(guarded.outside, "10.1.2.2", 83)


def test_a_word_of_nft_is_no_name_for_a_chain(guarded: Guarded) -> None:
    container = guarded.add_container()
    for name in ("drop", "accept", "type"):
        reply = guarded.call("ADD", container, iptablesAdminChainName=name)
        assert (reply.code, reply.object["msg"]) == (7, f"nft takes no chain called '{name}'")
        assert reply.object["details"].startswith("nft refuses the rules: ")


def test_the_administrators_rules_survive_everything_of_ours(guarded: Guarded) -> None:
    container = guarded.add(iptablesAdminChainName="first")
    for name in ("first", "CNI-ADMIN"):
        guarded.admit(container, iptablesAdminChainName=name)
        guarded.nft(f"add rule inet poplin {name} ip daddr 198.51.100.1 drop")
    before = [rules_of(guarded.host, name) for name in ("first", "CNI-ADMIN")]
    guarded.nft("flush set inet poplin skeletons")  # as with a newer Poplin, which loads its rules anew
    guarded.admit(container)
    guarded.expel(container)
    guarded.collect("foo")
    guarded.admit(container)
    assert [rules_of(guarded.host, name) for name in ("first", "CNI-ADMIN")] == before
    assert len(before[0]) == len(before[1]) == 1


def test_of_two_administrators_either_may_accept(guarded: Guarded) -> None:
    drop_all(guarded)
    container = guarded.add(iptablesAdminChainName="first")
    guarded.admit(container, iptablesAdminChainName="second")
    guarded.nft("add rule inet poplin first tcp dport 81 accept")
    guarded.nft("add rule inet poplin second tcp dport 82 accept")
    with serving(container, 81), serving(container, 82), serving(container, 83):
        assert [call(guarded.outside, "10.1.2.2", number) for number in (81, 82)] == [OUTSIDE4, OUTSIDE4]
        assert is_silent(guarded.outside, "10.1.2.2", 83)


def test_a_mark_that_others_set_opens_nothing(guarded: Guarded) -> None:
    drop_all(guarded)
    container = guarded.add_container()
    guarded.add()
    guarded.host.sh("nft add chain inet site early '{ type filter hook prerouting priority 0; }'")
    guarded.nft("add rule inet site early meta mark set 0x50000001")
    assert not answers(container, OUTSIDE4)
    guarded.host.sh("nft insert rule inet site forward meta mark 0x40000001 accept")
    assert reaches(container, OUTSIDE4), "all other bits are theirs"


# Refusals.


@facts(72)
@pytest.mark.parametrize("policy", ["closed", "Open"])
def test_an_unknown_policy_is_refused_before_anything_is_touched(guarded: Guarded, policy: str) -> None:
    container = guarded.add_container()
    reply = guarded.call("ADD", container, ingressPolicy=policy)
    assert (reply.code, reply.object["msg"]) == (7, f"unknown ingressPolicy {policy!r}")
    assert guarded.nft("list tables") == ""
    guarded.admit(container)
    guarded.expel(container, ingressPolicy=policy)
    assert guarded.elements() == {}


@facts(73)
@pytest.mark.parametrize(
    ("interfaces", "message"),
    [([], "prevResult has no interfaces"), ([{"name": ""}], "the first interface of prevResult has the name ''")],
)
@pytest.mark.parametrize("policy", ["same-bridge", "isolated"])
def test_a_policy_needs_a_bridge(guarded: Guarded, interfaces: list[dict[str, str]], message: str, policy: str) -> None:
    container = guarded.add_container()
    ips = [{"address": "10.1.2.2/24"}]
    guarded.results[container.id] = {"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips, "dns": {}}
    reply = guarded.call("ADD", container, ingressPolicy=policy)
    assert (reply.code, reply.object["msg"]) == (7, message)
    assert guarded.nft("list tables") == ""
    assert guarded.call("ADD", container).status == 0


@facts(74)
def test_add_needs_prev_result_and_del_does_not(guarded: Guarded) -> None:
    container = guarded.host.add_container()
    reply = guarded.host.call("ADD", guarded.conf(None), container, environ=guarded.environ)
    assert (reply.code, reply.object["msg"]) == (7, "required prevResult is missing")
    assert guarded.host.cni("DEL", guarded.conf(None), container, environ=guarded.environ) == {}
    assert guarded.nft("list tables") == ""


# DEL.


@facts(65, 115)
@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
@pytest.mark.parametrize("policy", ["open", "same-bridge", "isolated"])
def test_del_leaves_nothing_of_the_attachment_and_comes_twice(guarded: Guarded, told: bool, policy: str) -> None:
    neighbour = guarded.add(ingressPolicy=policy)
    before = (guarded.elements(), guarded.ports())
    container = guarded.add(ingressPolicy=policy)
    assert guarded.call("CHECK", container, ingressPolicy=policy).status == 0
    assert (guarded.elements(), guarded.ports()) != before
    conf = {**guarded.conf(container if told else None), "name": "foo"}
    for _ in range(2):
        assert guarded.host.cni("DEL", conf, container, environ=guarded.environ) == {}
        assert (guarded.elements(), guarded.ports()) == before
    assert guarded.call("CHECK", neighbour, ingressPolicy=policy).status == 0


def test_del_works_when_the_namespace_is_gone_or_not_named(guarded: Guarded) -> None:
    for environ in ({}, {"CNI_NETNS": ""}):
        container = guarded.add()
        container.remove()
        conf = {**guarded.conf(None), "name": "foo"}
        guarded.host.cni("DEL", conf, container, environ={**guarded.environ, **environ})
        assert guarded.elements() == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"ingressPolicy": 7, "backend": [], "iptablesAdminChainName": "a b"},
        {"prevResult": {"cniVersion": "1.1.0", "ips": [{"address": "nonsense"}]}},
        {"prevResult": {"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.99/24"}], "dns": {}}},
    ],
)
def test_del_with_a_configuration_that_add_would_refuse(guarded: Guarded, fields: dict[str, Any]) -> None:
    container = guarded.add(ingressPolicy="isolated")
    guarded.expel(container, **fields)
    assert set(guarded.elements()) <= set(SHARED)
    assert guarded.ports() == {}


def test_two_attachments_of_a_container_are_two(guarded: Guarded) -> None:
    container = guarded.add()
    results = guarded.results[container.id]
    second = {**results, "ips": [{"address": "10.1.2.55/24"}]}
    environ = {**guarded.environ, "CNI_IFNAME": "eth1"}
    guarded.host.cni("ADD", {**guarded.conf(container), "prevResult": second}, container, environ=environ)
    guarded.expel(container)
    assert guarded.elements() == {"allowed4": ["10.1.2.55"]}
    guarded.host.cni("DEL", {**guarded.conf(None), "name": "foo"}, container, environ=environ)
    assert guarded.elements() == {}


# CHECK.


@check_versions
def test_check_in_every_version_that_has_it(guarded: Guarded, version: str) -> None:
    container = guarded.add()
    ips = [{"address": "10.1.2.2/24", "version": "4"}, {"address": "fd00::2/64", "version": "6"}]
    result = {"cniVersion": version, "ips": ips, "dns": {}}
    conf = {**guarded.conf(container), "cniVersion": version, "prevResult": result}
    guarded.host.cni("CHECK", conf, container, environ=guarded.environ)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("delete element inet poplin allowed4 { 10.1.2.2 }", "10.1.2.2 is missing from set allowed4 of table inet"),
        (
            "delete element inet poplin allowed6 { fd00::2 }",
            "fd00::2 is missing from set allowed6 of table inet poplin",
        ),
        ("flush set inet poplin guests", "is missing from set guests of table inet poplin"),
        ("flush set inet poplin guarded", '"foo0" is missing from set guarded of table inet poplin'),
        ("flush set inet poplin strangers", '"foo0" . "foo0" is missing from set strangers of table inet poplin'),
        ("flush set bridge poplin isolated", "is missing from set isolated of table bridge poplin"),
        ("flush ruleset", "10.1.2.2 is missing from set allowed4 of table inet poplin"),
    ],
)
def test_check_names_what_is_missing_and_changes_nothing(guarded: Guarded, damage: str, words: str) -> None:
    container = guarded.add(ingressPolicy="isolated")
    guarded.host.sh(f"nft {damage}")
    before = guarded.nft("list ruleset")
    reply = guarded.call("CHECK", container, ingressPolicy="isolated")
    assert reply.code == 103
    assert words in reply.object["msg"]
    assert reply.object["details"] == "`poplin reload` brings it back"
    assert guarded.nft("list ruleset") == before
    guarded.admit(container, ingressPolicy="isolated")
    assert guarded.call("CHECK", container, ingressPolicy="isolated").status == 0


def test_check_says_whose_the_address_is_instead(guarded: Guarded) -> None:
    gone, new = guarded.add(), guarded.add_container()
    guarded.results[new.id]["ips"] = guarded.results[gone.id]["ips"]
    guarded.admit(new)
    assert f"foo/{new.id}/eth0" in guarded.call("CHECK", gone).object["details"]


# STATUS and GC.


@facts(114)
def test_status_and_gc_answer_nothing_when_all_is_well(guarded: Guarded) -> None:
    for policy in ("open", "isolated"):
        conf = guarded.conf(None, ingressPolicy=policy)
        assert guarded.host.cni("STATUS", conf, environ=guarded.environ) == {}
        assert guarded.host.cni("GC", {**conf, "cni.dev/valid-attachments": []}, environ=guarded.environ) == {}
    assert guarded.nft("list tables") == ""


def test_status_refuses_settings_that_make_no_sense(guarded: Guarded) -> None:
    reply = guarded.host.call("STATUS", guarded.conf(None, ingressPolicy="foo"), environ=guarded.environ)
    assert reply.code == 7


def test_gc_takes_what_is_dead_and_of_this_network(guarded: Guarded) -> None:
    live, dead, other = guarded.add(), guarded.add(), guarded.add("bar")
    guarded.nft("add element inet poplin allowed4 { 10.9.9.9 }")
    guarded.collect("foo", live)
    assert guarded.elements() == {
        "allowed4": ["10.1.2.2", guarded.address(other), "10.9.9.9"],
        "allowed6": ["fd00::2"],
    }
    assert guarded.call("CHECK", dead).code == 103
    guarded.collect("foo")
    guarded.collect("bar")
    assert guarded.elements() == {"allowed4": ["10.9.9.9"]}


def test_a_bridge_is_kept_apart_as_long_as_one_network_wants_it(guarded: Guarded) -> None:
    """Two networks may share a bridge."""
    one, two = guarded.add(ingressPolicy="isolated"), guarded.add_container()
    guarded.networks[two.id] = "foo"
    conf = {**guarded.conf(two, ingressPolicy="same-bridge"), "name": "other"}
    guarded.host.cni("ADD", conf, two, environ=guarded.environ)
    shared = {"guarded": ["foo0"], "selves": ["foo0 . foo0"]}
    assert {name: guarded.elements()[name] for name in SHARED} == {**shared, "strangers": ["foo0 . foo0"]}
    guarded.expel(one)
    assert {name: guarded.elements()[name] for name in SHARED} == {**shared, "strangers": ["foo0 . foo0"]}
    guarded.collect("foo")
    assert {name: each for name, each in guarded.elements().items() if name in SHARED} == shared
    guarded.collect("other")
    assert (guarded.elements(), elements(guarded.host, "bridge")) == ({}, {})
