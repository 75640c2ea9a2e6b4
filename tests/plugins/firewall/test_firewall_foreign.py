"""Where iptables drops what is forwarded, as Docker has it do, one rule for all containers lets ours pass."""

from __future__ import annotations

import pytest
from firewall_lab import OUTSIDE4, OUTSIDE6, RULE, TOOLS, Guarded, Iptables, answers, reaches
from netlab import Host
from portmap_lab import port
from traffic import call, is_silent, serving

KINDS = ("nft", "legacy")
VERSIONS = (4, 6)


@pytest.fixture(params=KINDS)
def iptables(request: pytest.FixtureRequest, host: Host) -> Iptables:
    return Iptables(host, request.param)


def test_a_host_without_iptables_gets_no_table_of_it(guarded: Guarded) -> None:
    guarded.expel(guarded.add())
    guarded.add()
    guarded.collect("foo")
    assert guarded.nft("list tables") == "table inet poplin\n"
    assert guarded.host.sh("cat /proc/net/ip_tables_names /proc/net/ip6_tables_names") == ""


def test_on_a_docker_host_everything_passes_that_should(guarded: Guarded, iptables: Iptables) -> None:
    iptables.be_docker()
    one, other, stranger = guarded.add_container(), guarded.add_container("bar"), guarded.add_container()
    assert not answers(one, OUTSIDE4)
    before = {version: iptables.chain("FORWARD", version) for version in VERSIONS}
    guarded.admit(one)
    guarded.admit(other)
    assert [iptables.chain("DOCKER-USER", version) for version in VERSIONS] == [[RULE, "-j RETURN"]] * 2
    assert {version: iptables.chain("FORWARD", version) for version in VERSIONS} == before
    assert reaches(one, OUTSIDE4)
    assert reaches(one, OUTSIDE6)
    assert reaches(one, guarded.address(other))
    assert reaches(other, guarded.address(one))
    ports = {"runtimeConfig": {"portMappings": [port(8080, 80)]}}
    guarded.host.cni("ADD", {**guarded.conf(one), "type": "portmap", **ports}, one)
    with serving(one, 80), serving(one, 81):
        assert call(guarded.outside, "192.0.2.1", 8080) == OUTSIDE4
        assert is_silent(guarded.outside, "10.1.2.2", 81)
    assert not answers(stranger, OUTSIDE4), "who was not admitted stays where it is"
    for each in (one, other):
        assert guarded.call("CHECK", each).status == 0


def test_containers_of_one_bridge_hear_each_other_also_if_bridges_pass_iptables(
    guarded: Guarded, iptables: Iptables
) -> None:
    guarded.host.set_sysctl("net/bridge/bridge-nf-call-iptables", "1")
    iptables.be_docker()
    one, two = guarded.add_container(), guarded.add_container()
    assert not answers(one, guarded.address(two))
    guarded.admit(one)
    assert reaches(one, guarded.address(two))


def test_without_docker_the_rule_is_the_first_of_forward(guarded: Guarded, iptables: Iptables) -> None:
    iptables.run("-P FORWARD DROP")
    iptables.run("-A FORWARD -i wg0 -j ACCEPT")
    container = guarded.add()
    assert iptables.chain("FORWARD") == [RULE, "-i wg0 -j ACCEPT"]
    assert reaches(container, OUTSIDE4)


def test_the_rule_comes_after_what_the_reference_left(guarded: Guarded, iptables: Iptables) -> None:
    """Its users' CNI-ADMIN has a say on our packets too."""
    iptables.be_docker()
    for chain in ("CNI-FORWARD", "CNI-ADMIN"):
        iptables.run(f"-N {chain}")
    iptables.run("-A FORWARD -j CNI-FORWARD")
    iptables.run("-A CNI-FORWARD -j CNI-ADMIN")
    iptables.run(f"-A CNI-ADMIN -d {OUTSIDE4} -p tcp --dport 80 -j DROP", (4,))
    container = guarded.add()
    assert iptables.chain("FORWARD")[-2:] == ["-j CNI-FORWARD", RULE]
    with serving(guarded.outside, 80), serving(guarded.outside, 81):
        assert is_silent(container, OUTSIDE4, 80)
        assert call(container, OUTSIDE4, 81) == "10.1.2.2"


def test_a_users_chain_that_nobody_goes_through_is_not_used(guarded: Guarded) -> None:
    iptables = Iptables(guarded.host, "nft")
    iptables.be_docker()
    guarded.add()
    iptables.run("-F FORWARD")
    container = guarded.add()
    assert iptables.chain("FORWARD") == [RULE]
    assert reaches(container, OUTSIDE4)
    guarded.collect("foo")
    assert [iptables.ours(version) for version in VERSIONS] == [[], []]


def test_one_rule_for_all_however_often_and_only_for_versions_that_are_used(
    guarded: Guarded, iptables: Iptables
) -> None:
    iptables.be_docker()
    containers = [guarded.add("bar") for _ in range(3)]
    assert [len(iptables.ours(version)) for version in VERSIONS] == [1, 0]
    containers += [guarded.add("foo") for _ in range(2)]
    for each in containers:
        guarded.admit(each)
    assert [len(iptables.ours(version)) for version in VERSIONS] == [1, 1]


def test_after_the_last_container_nothing_of_ours_is_left_in_their_tables(guarded: Guarded, iptables: Iptables) -> None:
    iptables.be_docker()
    before = [guarded.host.sh(f"{TOOLS[v]}-{iptables.kind}-save -t filter") for v in VERSIONS]
    one, two = guarded.add(), guarded.add()
    guarded.expel(one)
    assert [len(iptables.ours(version)) for version in VERSIONS] == [1, 1]
    guarded.expel(two)
    after = [guarded.host.sh(f"{TOOLS[v]}-{iptables.kind}-save -t filter") for v in VERSIONS]
    assert [strip(each) for each in after] == [strip(each) for each in before]


def test_a_del_that_was_killed_before_the_rule_was_gone_is_repeated(guarded: Guarded, iptables: Iptables) -> None:
    iptables.be_docker()
    container = guarded.add()
    for name in ("allowed4", "allowed6"):
        guarded.nft(f"flush set inet poplin {name}")
    guarded.expel(container)
    assert [iptables.ours(version) for version in VERSIONS] == [[], []]


def strip(saved: str) -> list[str]:
    """Without counters and times."""
    return [line.partition(" [")[0] for line in saved.splitlines() if not line.startswith("#")]


def test_gc_takes_the_rule_away_also_after_our_table_is_gone(guarded: Guarded, iptables: Iptables) -> None:
    iptables.be_docker()
    guarded.add()
    guarded.nft("delete table inet poplin")
    guarded.collect("foo")
    assert [iptables.ours(version) for version in VERSIONS] == [[], []]


@pytest.mark.parametrize("flush", ["-F", "-F DOCKER-USER"])
def test_after_a_flush_the_next_add_brings_the_rule_back(guarded: Guarded, iptables: Iptables, flush: str) -> None:
    iptables.be_docker()
    container = guarded.add()
    iptables.run(flush)
    assert not answers(container, OUTSIDE4)
    reply = guarded.call("CHECK", container)
    where = f"the filter table of iptables-{iptables.kind} for IPv4"
    assert (reply.code, reply.object["msg"]) == (103, f"the rule that lets our packets pass is missing from {where}")
    guarded.add()
    assert reaches(container, OUTSIDE4)
    assert guarded.call("CHECK", container).status == 0


def test_a_kind_that_others_use_later_is_found(guarded: Guarded, iptables: Iptables) -> None:
    container = guarded.add()
    iptables.be_docker()
    assert not answers(container, OUTSIDE4)
    guarded.admit(container)
    assert reaches(container, OUTSIDE4)


def test_both_kinds_at_once(guarded: Guarded) -> None:
    kinds = [Iptables(guarded.host, kind) for kind in KINDS]
    for each in kinds:
        each.be_docker()
    container = guarded.add()
    assert reaches(container, OUTSIDE4)
    assert [len(each.ours()) for each in kinds] == [1, 1]
    guarded.expel(container)
    assert [each.ours() for each in kinds] == [[], []]


def test_a_failed_add_leaves_no_rule(guarded: Guarded, iptables: Iptables) -> None:
    """The sets of the bridge's policy are in a table that is in the way."""
    iptables.be_docker()
    guarded.nft("add table bridge poplin")
    guarded.host.sh("nft add set bridge poplin isolated '{ type ether_addr; }'")
    container = guarded.add_container()
    assert guarded.call("ADD", container, ingressPolicy="isolated").status == 1
    assert guarded.elements() == {}
    assert [iptables.ours(version) for version in VERSIONS] == [[], []]


def test_a_forward_chain_that_somebody_wrote_with_nft_gets_the_rule_too(guarded: Guarded) -> None:
    guarded.nft("add table ip filter")
    guarded.host.sh("nft add chain ip filter FORWARD '{ type filter hook forward priority 0; policy drop; }'")
    guarded.host.sh("nft add rule ip filter FORWARD ip saddr '{ 198.51.100.1, 198.51.100.3 }' accept")
    container = guarded.add()
    assert reaches(container, OUTSIDE4)
    guarded.expel(container)
    rules = guarded.nft("list chain ip filter FORWARD").splitlines()[3:-2]
    assert rules == ["\t\tip saddr { 198.51.100.1, 198.51.100.3 } accept"]
