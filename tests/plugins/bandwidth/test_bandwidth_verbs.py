"""DEL, CHECK, STATUS and GC of bandwidth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bandwidth_lab import BOTH, SLOW, Limiting
from netlab import Host, check_versions

SUBNETS = {"shapedSubnets": ["10.0.0.0/8", "fd00::/64"]}
WRONG = {"ingressRate": -1, "egressBurst": 8, "latency": "soon", "shapedSubnets": ["x"]}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


@facts(53, 115)
@pytest.mark.parametrize("has_result", [True, False], ids=["result", "no result"])
@pytest.mark.parametrize("fields", [BOTH, {}, WRONG], ids=["limits", "nothing", "nonsense"])
@pytest.mark.parametrize("more", [{}, SUBNETS], ids=["all", "subnets"])
def test_del_leaves_nothing_whatever_it_is_told_and_comes_twice(
    limiting: Limiting, has_result: bool, fields: dict[str, Any], more: dict[str, Any]
) -> None:
    container, neighbour = limiting.add_container(), limiting.add_container()
    limiting.limit(neighbour, **BOTH)
    [theirs] = limiting.ifbs()
    limiting.limit(container, **BOTH, **more)
    assert len(limiting.ifbs()) == 2
    for _ in range(2):
        conf = limiting.conf(container if has_result else None, **fields)
        reply = limiting.host.call("DEL", conf, container)
        assert (reply.status, reply.output, reply.errors) == (0, "", "")
        assert (limiting.ifbs(), limiting.qdiscs(limiting.outer(container))) == ([theirs], {})
    assert container.pings("10.1.2.1")
    assert limiting.redirects(limiting.outer(neighbour)) == [theirs]


@facts(53)
@pytest.mark.parametrize("how", [{"environ": {"CNI_NETNS": ""}}, {}], ids=["not named", "gone"])
def test_del_works_when_the_namespace_is_gone_or_not_named(limiting: Limiting, how: dict[str, Any]) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BOTH)
    outer = limiting.outer(container)
    if not how:
        container.remove()
        limiting.host.wait_until_gone(outer)
    limiting.host.cni("DEL", limiting.conf(None), container, **how)
    assert limiting.traces(container) == []


def test_del_where_nothing_was_added(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.host.cni("DEL", limiting.conf(None, **BOTH), container)
    assert limiting.traces(container) == []
    assert container.pings("10.1.2.1")


def test_del_in_a_namespace_that_is_another_attachment_s_by_now(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BOTH)
    before = limiting.traces(container)
    limiting.host.cni("DEL", limiting.conf(None, **BOTH), container, environ={"CNI_CONTAINERID": "gone"})
    assert limiting.traces(container) == before


@check_versions
@facts(58, 60)
def test_check_in_every_version_that_has_it(limiting: Limiting, version: str) -> None:
    container = limiting.add_container()
    for fields in ({}, BOTH):
        conf = {**limiting.conf(container, **fields), "cniVersion": version}
        previous = {**conf["prevResult"], "cniVersion": version}
        conf["prevResult"] = previous | {"ips": [{"version": "4", "address": "10.1.2.2/24"}]}
        result = limiting.host.cni("ADD", conf, container)
        for told in (conf["prevResult"], result):
            limiting.host.cni("CHECK", {**conf, "prevResult": told}, container)


def test_check_needs_a_result(limiting: Limiting) -> None:
    container = limiting.add_container()
    for fields in ({}, BOTH):
        assert limiting.host.call("CHECK", limiting.conf(None, **fields), container).code == 7


Damage = Callable[[str, str], str]
DAMAGES: dict[str, tuple[Damage, dict[str, Any], str]] = {
    "root gone": (
        lambda outer, ifb: f"tc qdisc del dev {outer} root",
        {},
        "ingress is not limited; 'OUTER' has no queue",
    ),
    "another queue": (
        lambda outer, ifb: f"tc qdisc replace dev {outer} root handle 7: pfifo limit 5",
        {},
        "ingress is not limited; 'OUTER' has the queue of pfifo",
    ),
    "another rate": (
        lambda outer, ifb: f"tc qdisc change dev {outer} root handle 1: tbf rate 11mbit burst 125000 limit 156250",
        {},
        "ingress is limited otherwise at 'OUTER'; 1375000 bytes/s",
    ),
    "another burst": (
        lambda outer, ifb: f"tc qdisc change dev {outer} root handle 1: tbf rate 10mbit burst 250000 limit 156250",
        {},
        "ingress is limited otherwise at 'OUTER'; 1250000 bytes/s, 250000 bytes at once",
    ),
    "another limit": (
        lambda outer, ifb: f"tc qdisc change dev {ifb} root handle 1: tbf rate 20mbit burst 125000 limit 9999",
        {},
        "egress is limited otherwise at 'IFB'; 2500000 bytes/s, 125000 bytes at once, a queue of 9999 bytes",
    ),
    "device gone": (lambda outer, ifb: f"ip link delete {ifb}", {}, "the device 'IFB' is gone, through which"),
    "device down": (lambda outer, ifb: f"ip link set {ifb} down", {}, "the device 'IFB' is down, through which"),
    "device bare": (lambda outer, ifb: f"tc qdisc del dev {ifb} root", {}, "egress is not limited; 'IFB' has no queue"),
    "no filter": (
        lambda outer, ifb: f"tc filter del dev {outer} ingress",
        {},
        "no filter at 'OUTER' leads to 'IFB': egress is not limited",
    ),
    "no place for filters": (
        lambda outer, ifb: f"tc qdisc del dev {outer} ingress",
        {},
        "no filter at 'OUTER' leads to 'IFB': egress is not limited",
    ),
    "no subnets": (
        lambda outer, ifb: f"tc qdisc replace dev {outer} root handle 7: htb",
        SUBNETS,
        "ingress is not limited; 'OUTER' has the queue of htb",
    ),
    "a class gone": (
        lambda outer, ifb: f"tc filter del dev {outer} parent 1: && tc class del dev {outer} classid 1:30",
        SUBNETS,
        "ingress is limited otherwise at 'OUTER'; class 1:30 is missing",
    ),
    "the other class gone": (
        lambda outer, ifb: f"tc class del dev {ifb} classid 1:1",
        SUBNETS,
        "egress is limited otherwise at 'IFB'; class 1:1 is missing",
    ),
    "a class faster": (
        lambda outer, ifb: f"tc class change dev {ifb} classid 1:30 htb rate 99mbit burst 125000",
        SUBNETS,
        "egress is limited otherwise at 'IFB'; 12375000 bytes/s",
    ),
    "a class with another queue": (
        lambda outer, ifb: f"tc qdisc replace dev {ifb} parent 1:30 handle 31: pfifo limit 9",
        SUBNETS,
        "egress is limited otherwise at 'IFB'; 2500000 bytes/s, 125000 bytes at once, a queue of 0 bytes",
    ),
    "a filter gone": (
        lambda outer, ifb: f"tc filter del dev {outer} parent 1: protocol ip prio 16",
        SUBNETS,
        "ingress is limited otherwise at 'OUTER'; the filter for 10.0.0.0/8 is missing",
    ),
    "all filters gone": (
        lambda outer, ifb: f"tc filter del dev {outer} parent 1:",
        SUBNETS,
        "ingress is limited otherwise at 'OUTER'; there are no filters",
    ),
    "a filter more": (
        lambda outer, ifb: (
            f"tc filter add dev {ifb} parent 1: protocol ip prio 16 u32 match ip dst 192.0.2.0/24 flowid 1:30"
        ),
        SUBNETS,
        "egress is limited otherwise at 'IFB'; there is a filter for 192.0.2.0/24",
    ),
    "a filter elsewhere": (
        lambda outer, ifb: (
            f"tc filter add dev {ifb} parent 1: protocol ip prio 16 u32 match ip dst 192.0.2.0/24 flowid 1:1"
        ),
        SUBNETS,
        "egress is limited otherwise at 'IFB'; a filter leads to class 1:1",
    ),
    "a filter for ports": (
        lambda outer, ifb: (
            f"tc filter add dev {ifb} parent 1: protocol ip prio 16 u32 match ip dport 80 0xffff flowid 1:30"
        ),
        SUBNETS,
        "egress is limited otherwise at 'IFB'; a filter is not for a subnet alone",
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_check_says_what_is_wrong_and_add_mends_it(limiting: Limiting, name: str) -> None:
    damage, fields, words = DAMAGES[name]
    container = limiting.add_container()
    limiting.limit(container, **BOTH, **fields)
    outer, [ifb] = limiting.outer(container), limiting.ifbs()
    assert limiting.call("CHECK", container, **BOTH, **fields).status == 0
    limiting.host.sh(f"sh -ec '{damage(outer, ifb)}'")
    reply = limiting.call("CHECK", container, **BOTH, **fields)
    told = f"{reply.object['msg']}; {reply.object['details']}"
    assert reply.code == 103
    assert told.startswith(words.replace("OUTER", outer).replace("IFB", ifb)), told
    if name in ("another queue", "no subnets"):
        limiting.host.sh(f"tc qdisc del dev {outer} root")
    limiting.limit(container, **BOTH, **fields)
    assert limiting.call("CHECK", container, **BOTH, **fields).status == 0


def test_check_sees_other_limits_than_those_asked_for(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BOTH)
    msgs = [
        limiting.call("CHECK", container, **fields).object["msg"]
        for fields in (
            {**BOTH, "egressRate": 0, "egressBurst": 0},
            {**BOTH, "ingressRate": 0, "ingressBurst": 0},
            {**BOTH, "ingressRate": 8000},
            {**BOTH, **SUBNETS},
        )
    ]
    outer, [ifb] = limiting.outer(container), limiting.ifbs()
    assert msgs == [
        f"egress is limited at {ifb!r}, and should not be",
        f"ingress is limited at {outer!r}, and should not be",
        f"ingress is limited otherwise at {outer!r}",
        f"ingress is limited otherwise at {outer!r}",
    ]
    limiting.limit(container, **BOTH, **SUBNETS)
    for fields in ({"unshapedSubnets": SUBNETS["shapedSubnets"]}, {"shapedSubnets": ["10.0.0.0/8"]}, {}):
        assert limiting.call("CHECK", container, **BOTH, **fields).code == 103


def test_check_changes_nothing(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.limit(container, **BOTH)
    limiting.host.sh(f"tc qdisc del dev {limiting.outer(container)} root")
    before = limiting.host.sh("tc -d qdisc show"), limiting.host.links()
    assert limiting.call("CHECK", container, **BOTH).code == 103
    assert (limiting.host.sh("tc -d qdisc show"), limiting.host.links()) == before


@facts(114)
@pytest.mark.parametrize("fields", [{}, BOTH, SUBNETS])
def test_status_and_gc_answer_nothing_and_make_nothing(host: Host, limiting: Limiting, fields: dict[str, Any]) -> None:
    before = host.sh("tc qdisc show"), host.links()
    conf = limiting.conf(None, **fields)
    assert host.cni("STATUS", conf) == {}
    assert host.cni("GC", {**conf, "cni.dev/valid-attachments": []}) == {}
    assert (host.sh("tc qdisc show"), host.links()) == before


def test_status_is_told_what_cannot_be(limiting: Limiting) -> None:
    assert limiting.host.call("STATUS", limiting.conf(None, egressRate=8)).code == 7


def test_gc_takes_what_is_dead_and_of_this_network(limiting: Limiting) -> None:
    live, dead, other = (limiting.add_container() for _ in range(3))
    for container in (live, dead):
        limiting.limit(container, **BOTH)
    limiting.limit(other, **BOTH, name="othernet")
    limiting.host.sh("ip link add bwp0 type ifb")
    aliases = {each["ifname"]: each.get("ifalias") for each in limiting.host.json("link show type ifb")}
    valid = [{"containerID": live.id, "ifname": "eth0"}]
    limiting.host.cni("GC", {**limiting.conf(None), "cni.dev/valid-attachments": valid})
    kept = [f"mynet/{live.id}/eth0", f"othernet/{other.id}/eth0", None]
    assert sorted(limiting.ifbs()) == sorted(name for name, alias in aliases.items() if alias in kept)
    limiting.host.cni("GC", {**limiting.conf(None), "cni.dev/valid-attachments": []})
    assert len(limiting.ifbs()) == 2


def test_only_one_direction_is_checked_where_one_is_limited(limiting: Limiting) -> None:
    container = limiting.add_container()
    limiting.call("ADD", container, **SLOW)
    assert limiting.call("CHECK", container, **SLOW).status == 0
