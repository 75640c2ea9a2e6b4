"""Where bandwidth limits: the host's end of the container's veth, which prevResult must have."""

from __future__ import annotations

from typing import Any

import pytest
from bandwidth_lab import BOTH, Limiting
from netlab import Container, Host


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def refuse(limiting: Limiting, container: Container, command: str, result: dict[str, Any]) -> tuple[int, str, str]:
    """The error of a verb that is told this result; nothing is left of it."""
    limiting.results[container.id] = result
    reply = limiting.call(command, container, **BOTH)
    assert limiting.ifbs() == []
    return reply.code, reply.object["msg"], reply.object.get("details", "")


# What each verb's refusals are.
CODES = {"ADD": 7, "CHECK": 103}
WHY = "only what passes through a veth with an end on this host can be limited"
verbs = pytest.mark.parametrize(("command", "code"), CODES.items())


@facts(54)
def test_of_several_links_of_the_host_the_right_one_is_limited(host: Host, limiting: Limiting) -> None:
    containers = [limiting.add_container() for _ in range(3)]
    host.sh("ip link add other0 type veth peer name other1")
    everything = [each for result in limiting.results.values() for each in result["interfaces"]]
    others = [{"name": "other0"}, {"name": "other1"}]
    limiting.results[containers[1].id] |= {"interfaces": [*others, *everything], "ips": []}
    result = limiting.limit(containers[1], **BOTH)
    limited = [link for link in host.links() if {"tbf", "ingress"} <= set(limiting.qdiscs(link))]
    assert limited == [limiting.results[containers[1].id]["interfaces"][6]["name"]]
    assert limiting.redirects(limited[0]) == [result["interfaces"][-1]["name"]]


@verbs
@facts(55)
def test_a_macvlan_is_refused(host: Host, limiting: Limiting, command: str, code: int) -> None:
    container = host.add_container()
    host.sh("ip link add up0 type veth peer name up1")
    host.sh(f"ip link add eth0 link up0 netns {container.id} type macvlan mode bridge")
    result = {"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": container.path}]}
    told = refuse(limiting, container, command, result)
    assert told == (code, "interface 'eth0' is no veth", f"it is a macvlan; {WHY}")


@verbs
@facts(56)
def test_a_result_without_interfaces_is_refused(limiting: Limiting, command: str, code: int) -> None:
    container = limiting.add_container()
    told = refuse(limiting, container, command, {**limiting.results[container.id], "interfaces": [], "ips": []})
    assert told[:2] == (code, "prevResult has no interface to limit")


@verbs
@facts(57)
def test_an_end_that_the_result_does_not_have_is_refused(limiting: Limiting, command: str, code: int) -> None:
    container, other = limiting.add_container(), limiting.add_container()
    result = dict(limiting.results[container.id])
    outer = limiting.outer(container)
    told = refuse(limiting, container, command, {**result, "interfaces": [result["interfaces"][2]], "ips": []})
    assert told[:2] == (code, f"the host's end of 'eth0' is {outer!r}, which prevResult does not have")
    assert told[2] == "of the host's it has none"
    inside = {"name": outer, "sandbox": container.path}
    interfaces = [inside, {"name": limiting.outer(other)}]
    told = refuse(limiting, container, command, {**result, "interfaces": interfaces, "ips": []})
    assert told[2] == f"of the host's it has {limiting.outer(other)}"


@verbs
def test_an_interface_that_is_gone_is_refused(limiting: Limiting, command: str, code: int) -> None:
    container = limiting.add_container()
    container.sh("ip link delete eth0")
    told = refuse(limiting, container, command, limiting.results[container.id])
    assert told == (code, "the container has no interface 'eth0'", f"in {container.path}")


@verbs
def test_an_end_in_a_third_namespace_is_refused(host: Host, limiting: Limiting, command: str, code: int) -> None:
    container, third = host.add_container(), host.add_container()
    container.sh(f"ip link add eth0 type veth peer name eth9 netns {third.id}")
    interfaces = [{"name": "eth9"}, {"name": "eth0", "sandbox": container.path}]
    told = refuse(limiting, container, command, {"cniVersion": "1.1.0", "interfaces": interfaces})
    assert told == (code, "the other end of 'eth0' is not on this host", WHY)


def test_a_pair_within_the_container_is_refused(host: Host, limiting: Limiting) -> None:
    container = host.add_container()
    container.sh("ip link add eth0 type veth peer name eth9")
    interfaces = [{"name": "eth9"}, {"name": "eth0", "sandbox": container.path}]
    told = refuse(limiting, container, "ADD", {"cniVersion": "1.1.0", "interfaces": interfaces})
    assert told == (7, "the other end of 'eth0' is not on this host", WHY)


def test_a_namespace_that_is_gone_is_refused_but_for_what_is_not_limited(limiting: Limiting) -> None:
    container = limiting.add_container()
    container.remove()
    assert limiting.call("ADD", container, **BOTH).code == 8
    assert limiting.call("ADD", container).status == 0


@pytest.mark.parametrize("qdisc", ["htb", "pfifo limit 10", "tbf rate 1mbit burst 10k latency 10ms"])
def test_a_queue_of_somebody_else_is_left_alone(limiting: Limiting, qdisc: str) -> None:
    container = limiting.add_container()
    outer = limiting.outer(container)
    limiting.host.sh(f"tc qdisc add dev {outer} root {qdisc}")
    before = limiting.host.sh(f"tc qdisc show dev {outer}")
    reply = limiting.call("ADD", container, **BOTH)
    kind = qdisc.split()[0]
    assert (reply.code, reply.object["msg"]) == (
        102,
        f"the host's end {outer!r} has a queue of somebody else's, {kind}",
    )
    assert reply.object["details"] == f"remove it with `tc qdisc del dev {outer} root`"
    limiting.call("DEL", container, **BOTH)
    after = limiting.host.sh(f"tc qdisc show dev {outer}")
    assert (after.split("direct_packets")[0], limiting.ifbs()) == (before.split("direct_packets")[0], [])


def test_a_redirect_of_somebody_else_is_left_alone(host: Host, limiting: Limiting) -> None:
    container = limiting.add_container()
    outer = limiting.outer(container)
    host.sh("ip link add theirs type ifb")
    host.sh(f"tc qdisc add dev {outer} ingress")
    action = "action mirred egress redirect dev theirs"
    host.sh(f"tc filter add dev {outer} parent ffff: protocol all prio 1 u32 match u32 0 0 {action}")
    reply = limiting.call("ADD", container, **BOTH)
    assert (reply.code, reply.object["msg"]) == (
        102,
        f"somebody else redirects what the container sends at {outer!r}",
    )
    assert (limiting.ifbs(), limiting.redirects(outer), list(limiting.qdiscs(outer))) == (
        ["theirs"],
        ["theirs"],
        ["ingress"],
    )


def test_filters_of_somebody_else_stay(host: Host, limiting: Limiting) -> None:
    container = limiting.add_container()
    outer = limiting.outer(container)
    host.sh(f"tc qdisc add dev {outer} clsact")
    host.sh(f"tc filter add dev {outer} ingress protocol ip prio 7 u32 match ip dst 192.0.2.9 flowid 1:7")
    before = host.sh(f"tc filter show dev {outer} ingress")
    limiting.limit(container, **BOTH)
    assert len(limiting.redirects(outer)) == 1
    limiting.call("DEL", container)
    assert host.sh(f"tc filter show dev {outer} ingress") == before
    assert (list(limiting.qdiscs(outer)), limiting.ifbs()) == (["clsact"], [])


def test_a_name_that_somebody_else_has_is_left_to_him(host: Host, limiting: Limiting) -> None:
    container = limiting.add_container()
    first = limiting.limit(container, **BOTH)["interfaces"][-1]["name"]
    limiting.call("DEL", container)
    host.sh(f"ip link add {first} type veth peer name peer0")
    second = limiting.limit(container, **BOTH)["interfaces"][-1]["name"]
    assert limiting.ifbs() == [second]
    limiting.call("DEL", container)
    assert (limiting.ifbs(), host.has_link(first)) == ([], True)
    host.sh(f"ip link add {second} type veth peer name peer1")
    reply = limiting.call("ADD", container, **BOTH)
    assert (reply.code, reply.object["msg"]) == (102, f"the host has a link {second!r} already")
    assert limiting.traces(container) == []
