"""Which elements publish which ports: what the reference writes as rules, ours has as elements."""

from __future__ import annotations

import json
from typing import Any

import pytest

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.nft.nat import NAT
from poplin.plugins.kit.skel import answer
from poplin.plugins.portmap.plan import Plan, find_targets
from poplin.plugins.portmap.plugin import PLUGIN
from poplin.plugins.portmap.settings import Settings
from poplin.spec.call import Call, Config, Environment

# The eight mappings of the reference's own tests: (host port, container port, protocol, host address).
EIGHT = [
    (8080, 80, "tcp", ""),
    (8081, 80, "tcp", ""),
    (8080, 81, "udp", ""),
    (8082, 82, "udp", ""),
    (8083, 83, "tcp", "192.168.0.2"),
    (8084, 84, "tcp", "0.0.0.0"),
    (8085, 85, "tcp", "2001:db8:a::1"),
    (8086, 86, "tcp", "::"),
]
V4, V6 = "10.0.0.2/24", "2001:db8::2/64"
ALONE = {"10.0.0.2/32": "10.0.0.2", "2001:db8::2/128": "2001:db8::2"}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def conf(*addresses: str, ports: list[tuple[int, int, str, str]] = EIGHT, **fields: Any) -> dict[str, Any]:
    names = ("hostPort", "containerPort", "protocol", "hostIP")
    return {
        "cniVersion": "1.0.0",
        "name": "n",
        "type": "portmap",
        "runtimeConfig": {"portMappings": [dict(zip(names, port, strict=True)) for port in ports]},
        "prevResult": {"cniVersion": "1.0.0", "ips": [{"address": each} for each in addresses]},
        **fields,
    }


VARIABLES = {"CNI_CONTAINERID": "c1", "CNI_NETNS": "/run/netns/c1", "CNI_IFNAME": "eth0", "CNI_PATH": "/nowhere"}
OWNER = "5484988e71e53b06 n/c1/eth0"


def plan(*addresses: str, **fields: Any) -> tuple[list[str], list[str]]:
    """The elements of ports and the others as `set key : data`, without comments."""
    call = Call(Environment({"CNI_COMMAND": "ADD", **VARIABLES}), Config(conf(*addresses, **fields)))
    made = Plan(call, Settings(call), find_targets(call.get_prev_result(), "eth0"))
    return [bare(each) for each in made.ports], [bare(each) for each in made.others if each.set.name != "publishers"]


def bare(element: Any) -> str:
    words = [str(element)]
    if element.comment:
        words = str(element).split(f' comment "{element.comment}"')
    return f"{element.set.name} {''.join(words)}"


V4_PORTS = [
    "ports4 tcp . 8080 : 10.0.0.2 . 80",
    "ports4 tcp . 8081 : 10.0.0.2 . 80",
    "ports4 udp . 8080 : 10.0.0.2 . 81",
    "ports4 udp . 8082 : 10.0.0.2 . 82",
    "hostports4 192.168.0.2 . tcp . 8083 : 10.0.0.2 . 83",
    "ports4 tcp . 8084 : 10.0.0.2 . 84",
]
V6_PORTS = [
    "ports6 tcp . 8080 : 2001:db8::2 . 80",
    "ports6 tcp . 8081 : 2001:db8::2 . 80",
    "ports6 udp . 8080 : 2001:db8::2 . 81",
    "ports6 udp . 8082 : 2001:db8::2 . 82",
    "hostports6 2001:db8:a::1 . tcp . 8085 : 2001:db8::2 . 85",
    "ports6 tcp . 8086 : 2001:db8::2 . 86",
]


@facts(18, 21, 31)
def test_an_ipv4_container_gets_what_is_for_ipv4() -> None:
    assert plan(V4) == (V4_PORTS, [])


@facts(19)
def test_an_ipv6_container_gets_what_is_for_ipv6() -> None:
    assert plan(V6) == (V6_PORTS, [])


def test_a_container_of_both_gets_both() -> None:
    assert plan(V4, V6) == (V4_PORTS + V6_PORTS, [])


@facts(20, 32)
@pytest.mark.parametrize(("address", "ports"), [(V4, V4_PORTS), (V6, V6_PORTS)])
def test_without_snat_nobody_sees_the_host_as_the_caller(address: str, ports: list[str]) -> None:
    assert plan(address, snat=False, masqAll=True) == (ports, [])


@facts(36)
def test_masq_all_hides_every_caller_of_each_target_once() -> None:
    _, others = plan(V4, masqAll=True)
    assert others == [
        "masqall4 10.0.0.2 . tcp . 80",
        "masqall4 10.0.0.2 . udp . 81",
        "masqall4 10.0.0.2 . udp . 82",
        "masqall4 10.0.0.2 . tcp . 83",
        "masqall4 10.0.0.2 . tcp . 84",
    ]


@facts(38)
def test_masq_all_for_ipv6() -> None:
    _, others = plan(V6, ports=EIGHT[:1], masqAll=True)
    assert others == ["masqall6 2001:db8::2 . tcp . 80"]


@facts(40)
@pytest.mark.parametrize(("address", "ip"), ALONE.items())
def test_a_container_alone_in_its_network_is_its_own_neighbour(address: str, ip: str) -> None:
    _, others = plan(address, ports=EIGHT[:1])
    assert others == [f"hairpin{6 if ':' in ip else 4} {ip}-{ip} . {ip}-{ip}"]


@facts(17, 31)
def test_under_conditions_the_ports_are_in_maps_that_only_those_packets_reach() -> None:
    call = Call(
        Environment({"CNI_COMMAND": "ADD", **VARIABLES}),
        Config(conf(V4, conditionsV4=["ip", "saddr", "!=", "192.0.2.1"])),
    )
    made = Plan(call, Settings(call), find_targets(call.get_prev_result(), "eth0"))
    suffix = made.ports[0].set.name.removeprefix("ports4")
    assert [bare(each).replace(suffix, "") for each in made.ports] == V4_PORTS
    rules = [line.strip() for line in made.skeleton.read().splitlines() if "dnat ip to" in line]
    start = "meta nfproto ipv4 ip saddr != 192.0.2.1 dnat ip to "
    assert set(rules) == {
        f"{start}ip daddr . meta l4proto . th dport map @hostports4{suffix}",
        f"{start}meta l4proto . th dport map @ports4{suffix}",
    }


def test_of_two_mappings_of_one_host_port_the_first_wins() -> None:
    ports, _ = plan(V4, ports=[(8080, 80, "tcp", ""), (8080, 81, "tcp", "0.0.0.0"), (8080, 82, "tcp", "192.0.2.1")])
    assert ports == ["ports4 tcp . 8080 : 10.0.0.2 . 80", "hostports4 192.0.2.1 . tcp . 8080 : 10.0.0.2 . 82"]


def perform(kernel: FakeKernel, command: str, source: dict[str, Any]) -> list[str]:
    """The log of one verb, which must succeed."""
    kernel.log.clear()
    reply = answer(PLUGIN, {**VARIABLES, "CNI_COMMAND": command}, lambda: json.dumps(source).encode(), kernel)
    assert reply.status == 0, reply.output
    return kernel.log


def test_the_plan_as_nft_lines() -> None:
    kernel = FakeKernel(["/run/netns/c1"])
    assert perform(kernel, "ADD", conf(V4, ports=EIGHT[:1])) == [
        f"nft -f {NAT.path}",
        "nft 'add element inet poplin skeletons { \"nat-1\" }'",
        f"nft 'create element inet poplin ports4 {{ tcp . 8080 comment \"{OWNER}\" : 10.0.0.2 . 80 }}'",
        f'nft \'create element inet poplin publishers {{ "{OWNER[:15]}" comment "{OWNER}" }}\'',
        "nft 'add element inet poplin hairpin4 { 10.0.0.0-10.0.0.255 . 10.0.0.0-10.0.0.255 comment \"n/\" }'",
    ]
    assert perform(kernel, "DEL", conf(V4, ports=EIGHT[:1])) == [
        "nft 'delete element inet poplin ports4 { tcp . 8080 }'",
        f"nft 'delete element inet poplin publishers {{ \"{OWNER[:15]}\" }}'",
    ]
    assert perform(kernel, "DEL", conf(V4, ports=EIGHT[:1])) == []


def test_without_ports_nothing_is_done() -> None:
    kernel = FakeKernel(["/run/netns/c1"])
    assert [perform(kernel, verb, conf(V4, ports=[])) for verb in ("ADD", "CHECK", "DEL")] == [[], [], []]
    assert kernel.host.nft.find(NAT.mark) is None
