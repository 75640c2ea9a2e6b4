"""`ingressPolicy`: which containers hear of each other, on one bridge and across bridges."""

from __future__ import annotations

import pytest
from firewall_lab import OUTSIDE4, Guarded, answers, reaches
from netlab import Container, Host

SWITCHES = ("net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables")


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


@pytest.fixture(params=["0", "1"], ids=["", "br_netfilter"], autouse=True)
def switches(request: pytest.FixtureRequest, host: Host) -> None:
    """With br_netfilter what passes from port to port is seen to come and go by the bridge; as Docker wants it."""
    for switch in SWITCHES:
        host.set_sysctl(switch, request.param)


def hears(guarded: Guarded, one: Container, other: Container) -> list[bool]:
    """Whether each of the two is answered by the other."""
    return [answers(one, guarded.address(other)), answers(other, guarded.address(one))]


def test_without_a_policy_everybody_hears_everybody(guarded: Guarded) -> None:
    one, two, other = guarded.add("foo"), guarded.add("foo"), guarded.add("bar")
    assert reaches(one, guarded.address(two))
    assert reaches(one, guarded.address(other))
    assert reaches(other, guarded.address(one))


@facts(70)
def test_same_bridge(guarded: Guarded) -> None:
    one, two, other = (guarded.add_container(network) for network in ("foo", "foo", "bar"))
    assert all(reaches(one, guarded.address(each)) for each in (two, other))
    for each in (one, two, other):
        guarded.admit(each, ingressPolicy="same-bridge")
    assert hears(guarded, one, two) == [True, True]
    assert hears(guarded, one, other) == [False, False]
    assert hears(guarded, two, other) == [False, False]
    assert all(reaches(each, OUTSIDE4) for each in (one, two, other)), "the way out stays"
    assert reaches(one, "10.1.2.1"), "and the host"


@facts(71)
def test_isolated(guarded: Guarded) -> None:
    one, two, other = (guarded.add_container(network) for network in ("foo", "foo", "bar"))
    assert all(reaches(one, guarded.address(each)) for each in (two, other))
    for each in (one, two, other):
        guarded.admit(each, ingressPolicy="isolated")
    for pair in ((one, two), (one, other), (two, other)):
        assert hears(guarded, *pair) == [False, False]
    assert all(reaches(each, OUTSIDE4) for each in (one, two, other))
    assert reaches(one, "10.1.2.1")


def test_isolated_holds_when_the_host_forwards_between_containers_of_one_bridge(guarded: Guarded) -> None:
    one, two = guarded.add_container(), guarded.add_container()
    for each, peer in ((one, two), (two, one)):
        each.sh(f"ip route add {guarded.address(peer)}/32 via 10.1.2.1")
    assert reaches(one, guarded.address(two))
    guarded.admit(one, ingressPolicy="isolated")
    assert hears(guarded, one, two) == [False, False]


def test_an_isolated_container_hears_nothing_of_those_that_were_there_before(guarded: Guarded) -> None:
    before, isolated = guarded.add(), guarded.add_container()
    assert reaches(before, guarded.address(isolated))
    guarded.admit(isolated, ingressPolicy="isolated")
    assert hears(guarded, before, isolated) == [False, False]


def test_bridges_without_the_policy_are_not_guarded(guarded: Guarded) -> None:
    one, other = guarded.add("foo", ingressPolicy="same-bridge"), guarded.add("bar")
    assert reaches(one, guarded.address(other))
    assert reaches(other, guarded.address(one))


@pytest.mark.parametrize("policy", ["same-bridge", "isolated"])
def test_gc_opens_the_bridges_that_are_empty(guarded: Guarded, policy: str) -> None:
    containers = [guarded.add(network, ingressPolicy=policy) for network in ("foo", "bar")]
    for each in containers:
        guarded.expel(each, ingressPolicy=policy)
    left = {"guarded": ["bar0", "foo0"], "selves": ["bar0 . bar0", "foo0 . foo0"]}
    assert guarded.elements() == (left if policy == "same-bridge" else {**left, "strangers": left["selves"]})
    guarded.collect("foo", ingressPolicy=policy)
    assert (guarded.elements(), guarded.ports()) == ({}, {})
