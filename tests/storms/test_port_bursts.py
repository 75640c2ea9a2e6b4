"""Masquerade and published ports, 64 at once: the kernel's own state beside the answers, and real callers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from netlab import Container, Reply, finish, with_prev_result
from portmap_lab import Publishing, port
from portmap_lab import publishing as publishing
from traffic import call, serving

BURST = 64
FIGHTERS = 12
ROUNDS = 4
HOST4, HOST6 = "192.0.2.1", "2001:db8:f::1"
FIRST = 8000  # of the host's ports
NETWORKS = {
    "keep4": ["10.1.2.0/24 . 10.1.2.0/24"],
    "keep6": ["fd00::/64 . fd00::/64"],
    "hairpin4": ["10.1.2.0/24 . 10.1.2.0/24"],
    "hairpin6": ["fd00::/64 . fd00::/64"],
}
PER_NETWORK = tuple(NETWORKS)


def all_at_once(publishing: Publishing, command: str, calls: list[tuple[Container, dict[str, Any]]]) -> list[Reply]:
    """One process for each, all started before the first is fed."""
    started = [(publishing.host.start(command, conf, container), conf) for container, conf in calls]
    return [finish(process, conf) for process, conf in started]


def failures(replies: list[Reply]) -> list[Reply]:
    """Those that did not end well and without a word on stderr."""
    return [reply for reply in replies if reply.status or reply.errors]


def attach(publishing: Publishing, containers: list[Container]) -> None:
    """Join these to the bridge, all at once."""
    replies = all_at_once(publishing, "ADD", [(each, publishing.bridge) for each in containers])
    assert failures(replies) == []
    publishing.results |= {each.id: reply.object for each, reply in zip(containers, replies, strict=True)}


def publish(publishing: Publishing, containers: list[Container]) -> None:
    """A port of the host for each, all at once: FIRST, FIRST + 1, ..."""
    calls = [(each, publishing.conf(each, number)) for each, number in zip(containers, ports(containers), strict=True)]
    assert failures(all_at_once(publishing, "ADD", calls)) == []


def ports(containers: list[Container]) -> list[dict[str, Any]]:
    """What each publishes, every second one by UDP."""
    return [port(FIRST + n, 80, ("tcp", "udp")[n % 2]) for n in range(len(containers))]


def addresses(publishing: Publishing, container: Container) -> tuple[str, str]:
    """The container's two, as its ADD told them."""
    four, six = (item["address"].partition("/")[0] for item in publishing.results[container.id]["ips"])
    return four, six


def expected_elements(publishing: Publishing, containers: list[Container]) -> dict[str, list[str]]:
    """What follows from the answers, without `publishers`."""
    found: dict[str, list[str]] = {"masq4": [], "masq6": [], "ports4": [], "ports6": []}
    for container, mapping in zip(containers, ports(containers), strict=True):
        key = f"{mapping['protocol']} . {mapping['hostPort']}"
        for version, address in zip((4, 6), addresses(publishing, container), strict=True):
            found[f"masq{version}"].append(address)
            found[f"ports{version}"].append(f"{key} : {address} . 80")
    return {**{name: sorted(each) for name, each in found.items()}, **NETWORKS}


def present_elements(publishing: Publishing) -> tuple[dict[str, list[str]], int]:
    """What the kernel has, without `publishers`; and how many of those."""
    present = publishing.elements()
    return present, len(present.pop("publishers", []))


def test_64_with_ports_at_once_on_a_fresh_host(publishing: Publishing) -> None:
    """No table is there yet, so that all of them load the rules at once."""
    containers = [publishing.host.add_container() for _ in range(BURST)]
    attach(publishing, containers)
    publish(publishing, containers)
    assert present_elements(publishing) == (expected_elements(publishing, containers), BURST)
    for number in (0, 1, BURST - 2, BURST - 1):
        protocol = ports(containers)[number]["protocol"]
        for host, every in ((HOST4, "0.0.0.0"), (HOST6, "::")):
            with serving(containers[number], 80, protocol, every, f"{number} "):
                seen = call(publishing.outside, host, FIRST + number, protocol)
            assert seen == f"{number} {'192.0.2.2' if host == HOST4 else '2001:db8:f::2'}"
    with serving(publishing.outside, 9090):
        assert call(containers[0], "192.0.2.2", 9090) == HOST4

    calls = [(each, publishing.conf(each, number)) for each, number in zip(containers, ports(containers), strict=True)]
    assert failures(all_at_once(publishing, "DEL", calls)) == []
    calls = [(each, with_prev_result(publishing.bridge, publishing.results[each.id])) for each in containers]
    assert failures(all_at_once(publishing, "DEL", calls)) == []
    assert publishing.elements() == NETWORKS
    assert [name for name in publishing.host.links() if name not in ("br0", "up0")] == []


def test_a_fresh_hosts_rules_are_loaded_by_ports_alone(publishing: Publishing) -> None:
    publishing.bridge["ipMasq"] = False
    containers = [publishing.host.add_container() for _ in range(BURST // 2)]
    attach(publishing, containers)
    assert publishing.elements() == {}
    publish(publishing, containers)
    expected = {name: each for name, each in expected_elements(publishing, containers).items() if name[0] in "ph"}
    assert present_elements(publishing) == (expected, BURST // 2)


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_adds_and_deletes_of_ports_mixed(publishing: Publishing, told: bool) -> None:
    """Each port goes from a container that leaves to one that comes."""
    leaving = [publishing.host.add_container() for _ in range(BURST // 4)]
    coming = [publishing.host.add_container() for _ in range(BURST // 4)]
    attach(publishing, leaving)
    publish(publishing, leaving)
    started = []
    for gone, new in zip(leaving, coming, strict=True):
        conf = publishing.conf(gone if told else None, *([port(8000, 80)] if told else []))
        started.append((publishing.host.start("DEL", conf, gone), conf))
        started.append((publishing.host.start("ADD", publishing.bridge, new), publishing.bridge))
    replies = [finish(process, conf) for process, conf in started]
    assert failures(replies) == []
    publishing.results |= {each.id: reply.object for each, reply in zip(coming, replies[1::2], strict=True)}
    publish(publishing, coming)
    present, publishers = present_elements(publishing)
    expected = expected_elements(publishing, coming)
    for name in ("ports4", "ports6"):
        assert present[name] == expected[name]
    assert publishers == len(coming)
    calls = [(each, publishing.bridge) for each in leaving]
    assert failures(all_at_once(publishing, "DEL", calls)) == []
    assert present_elements(publishing)[0] == expected


def test_of_many_who_want_one_port_exactly_one_gets_it_and_the_others_are_told_who(publishing: Publishing) -> None:
    containers = [publishing.host.add_container() for _ in range(FIGHTERS)]
    attach(publishing, containers)
    wanted = [port(FIRST, 80), port(FIRST, 80, "udp")]
    own = {each.id: port(FIRST + 1 + n, 80) for n, each in enumerate(containers)}
    replies = all_at_once(publishing, "ADD", [(c, publishing.conf(c, own[c.id], *wanted)) for c in containers])
    winners = [each for each, reply in zip(containers, replies, strict=True) if reply.status == 0]
    assert len(winners) == 1
    winner = winners[0]
    for reply in replies:
        if reply.status:
            taken = rf"host port {FIRST}/(tcp|udp) is published by mynet/{winner.id}/eth0"
            assert reply.code == 102
            assert re.fullmatch(taken, reply.object["msg"]), reply
    four, six = addresses(publishing, winner)
    keys = sorted([f"tcp . {FIRST}", f"udp . {FIRST}", f"tcp . {own[winner.id]['hostPort']}"])
    present, publishers = present_elements(publishing)
    assert present["ports4"] == [f"{key} : {four} . 80" for key in keys]
    assert present["ports6"] == [f"{key} : {six} . 80" for key in keys]
    assert publishers == 1
    with serving(winner, 80, name="winner "):
        assert call(publishing.outside, HOST4, FIRST) == "winner 192.0.2.2"


def test_garbage_collected_while_containers_come_and_go_takes_nothing_from_them(publishing: Publishing) -> None:
    """No lock of a runtime keeps GC and ADD apart here. Networks without containers are forgotten, others never."""
    leaving, coming = ([publishing.host.add_container() for _ in range(BURST // 8)] for _ in range(2))
    listed = {"cni.dev/valid-attachments": [{"containerID": each.id, "ifname": "eth0"} for each in coming]}
    for _ in range(ROUNDS):
        attach(publishing, leaving)
        started = []
        for gone, new in zip(leaving, coming, strict=True):
            for command, container in (("DEL", gone), ("GC", None), ("ADD", new), ("GC", None)):
                conf = {**publishing.bridge, **(listed if command == "GC" else {})}
                started.append((publishing.host.start(command, conf, container), conf))
        replies = [finish(process, conf) for process, conf in started]
        assert failures(replies) == []
        publishing.results |= {each.id: reply.object for each, reply in zip(coming, replies[2::4], strict=True)}
        expected = expected_elements(publishing, coming)
        assert publishing.elements() == {name: expected[name] for name in ("keep4", "keep6", "masq4", "masq6")}
        assert failures(all_at_once(publishing, "DEL", [(each, publishing.bridge) for each in coming])) == []
