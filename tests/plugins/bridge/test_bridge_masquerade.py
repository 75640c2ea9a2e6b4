"""bridge with ipMasq: who sees the host instead of the container, and what stays afterwards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from firewall import elements
from netlab import Container, Host, lease_files, with_prev_result
from traffic import add_outside, call, serving

Network = Callable[..., dict[str, Any]]
V4, V6 = "10.1.2.0/24", "2001:db8::/64"
DEFAULTS = ("0.0.0.0/0", "::/0")
KEPT = {"keep4": ["10.1.2.0/24 . 10.1.2.0/24"], "keep6": ["2001:db8::/64 . 2001:db8::/64"]}


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def masquerading(network: Network, **fields: Any) -> dict[str, Any]:
    return network(V4, V6, isDefaultGateway=True, ipMasq=True, **fields)


@pytest.mark.parametrize(
    "backend",
    [
        pytest.param({}, marks=facts(41)),
        pytest.param({"ipMasqBackend": "iptables"}, marks=facts(42)),
        pytest.param({"ipMasqBackend": "nftables"}, marks=facts(43)),
    ],
    ids=["", "iptables", "nftables"],
)
def test_who_is_beyond_sees_the_host_and_who_is_near_the_container(
    host: Host, network: Network, backend: dict[str, str]
) -> None:
    first, second = host.add_container(), host.add_container()
    outside = add_outside(host)
    for each in (first, second):
        host.cni("ADD", masquerading(network, **backend), each)
    assert elements(host) == {"masq4": ["10.1.2.2", "10.1.2.3"], "masq6": ["2001:db8::2", "2001:db8::3"], **KEPT}
    with serving(outside, 80), serving(outside, 81, address="::"):
        assert call(first, "192.0.2.2", 80) == "192.0.2.1"
        assert call(first, "2001:db8:f::2", 81) == "2001:db8:f::1"
    with serving(second, 80), serving(second, 81, address="::"):
        assert call(first, "10.1.2.3", 80) == "10.1.2.2"
        assert call(first, "2001:db8::3", 81) == "2001:db8::2"


def test_without_ip_masq_the_firewall_is_not_touched(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", network(V4, isGateway=True), container)
    assert host.sh("nft list ruleset") == ""


@facts(54)
def test_an_unknown_backend_is_refused_and_leaves_nothing(
    host: Host, container: Container, network: Network, leases: Path
) -> None:
    reply = host.call("ADD", masquerading(network, ipMasqBackend="foo"), container)
    assert (reply.code, reply.object["msg"]) == (7, "unknown ipMasqBackend 'foo'")
    assert (host.links(), lease_files(leases)) == ([], [])


@facts(62)
@pytest.mark.parametrize("how", ["result", "no result", "namespace gone", "no namespace", "ipMasq off by now"])
def test_del_leaves_nothing_but_the_network(
    host: Host, container: Container, network: Network, leases: Path, how: str
) -> None:
    conf = masquerading(network)
    result = host.cni("ADD", conf, container)
    if how == "namespace gone":
        container.remove()
    deleted = with_prev_result(conf, result) if how in ("result", "namespace gone", "ipMasq off by now") else conf
    deleted["ipMasq"] = how != "ipMasq off by now"
    for _ in range(2):
        host.cni("DEL", deleted, container, environ={"CNI_NETNS": ""} if how == "no namespace" else {})
        assert elements(host) == KEPT
    assert (host.links(), lease_files(leases)) == (["br0"], [])


def test_del_with_a_setting_that_add_would_refuse(host: Host, container: Container, network: Network) -> None:
    host.cni("ADD", masquerading(network), container)
    host.cni("DEL", {**masquerading(network), "ipMasq": "yes"}, container)
    assert elements(host) == KEPT


@facts(57)
def test_an_add_that_fails_after_masquerading_takes_it_back(
    host: Host, container: Container, network: Network, leases: Path
) -> None:
    # a result of 0.2.0 has room for one IPv4 address only
    conf = network(V4, isGateway=True, ipMasq=True, version="0.2.0")
    host.sh("ip link add br0 type bridge")
    host.sh("ip link set br0 up")
    host.sh("ip address add 10.9.9.9/24 dev br0")
    assert host.call("ADD", conf, container).code == 102
    assert (elements(host), host.links(), container.links(), lease_files(leases)) == ({}, ["br0"], [], [])


@facts(232)
def test_an_address_given_to_another_is_the_others(host: Host, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    conf = masquerading(network)
    old = host.cni("ADD", conf, first)
    host.sh(f"ip link delete {old['interfaces'][1]['name']}")
    for family in ("10.1.2.2", "2001:db8::2"):
        host.sh(f"rm {conf['ipam']['dataDir']}/mynet/{family}")
    for n in range(2):
        host.sh(f"rm {conf['ipam']['dataDir']}/mynet/last_reserved_ip.{n}")
    new = host.cni("ADD", conf, second)
    assert new["ips"] == old["ips"]
    host.cni("DEL", with_prev_result(conf, old), first)
    assert elements(host)["masq4"] == ["10.1.2.2"]
    host.cni("DEL", with_prev_result(conf, new), second)
    assert elements(host) == KEPT


@facts(233)
def test_gc_takes_what_is_dead_and_of_this_network(host: Host, network: Network, leases: Path) -> None:
    live, dead, other = (host.add_container() for _ in range(3))
    conf = masquerading(network)
    elsewhere = {
        **conf,
        "name": "othernet",
        "bridge": "br1",
        "ipam": {**conf["ipam"], "ranges": [[{"subnet": "10.7.0.0/16"}]]},
    }
    host.cni("ADD", conf, live)
    host.cni("ADD", elsewhere, other)
    host.sh("nft add element inet poplin masq4 { 203.0.113.1 comment somebody }")
    before = elements(host), host.links(), lease_files(leases)
    host.cni("ADD", conf, dead)
    dead.remove()
    host.cni("GC", {**conf, "cni.dev/valid-attachments": [{"containerID": live.id, "ifname": "eth0"}]})
    assert (elements(host), host.links(), lease_files(leases)) == before
    host.cni("GC", {**conf, "cni.dev/valid-attachments": []})
    assert elements(host) == {"masq4": ["10.7.0.2", "203.0.113.1"], "keep4": ["10.7.0.0/16 . 10.7.0.0/16"]}


def test_check_sees_that_an_address_is_not_hidden_any_more(host: Host, container: Container, network: Network) -> None:
    conf = masquerading(network)
    checked = with_prev_result(conf, host.cni("ADD", conf, container))
    host.cni("CHECK", checked, container)
    host.sh("nft flush set inet poplin masq6")
    reply = host.call("CHECK", checked, container)
    assert (reply.code, reply.object["msg"]) == (103, "address 2001:db8::2 is not masqueraded")


def test_the_rules_come_back_with_the_next_add(host: Host, network: Network) -> None:
    first, second = host.add_container(), host.add_container()
    conf = masquerading(network)
    host.cni("ADD", conf, first)
    host.sh("nft flush ruleset")
    host.cni("ADD", conf, second)
    assert elements(host) == {"masq4": ["10.1.2.3"], "masq6": ["2001:db8::3"], **KEPT}
