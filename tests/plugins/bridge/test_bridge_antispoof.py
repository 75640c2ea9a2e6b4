"""bridge with macspoofchk: a container speaks with its own MAC, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from firewall import elements
from netlab import Container, Host, all_versions, with_prev_result

Network = Callable[..., dict[str, Any]]
V4 = "10.1.2.0/24"


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


def guarded(network: Network, **fields: Any) -> dict[str, Any]:
    return network(V4, isGateway=True, macspoofchk=True, **fields)


@facts(45)
@all_versions
def test_one_element_in_each_set_and_none_after_del(
    host: Host, container: Container, network: Network, version: str
) -> None:
    conf = guarded(network, version=version)
    host.cni("ADD", conf, container)
    port = next(name for name in host.links() if name != "br0")
    assert elements(host, "bridge") == {"guarded": [port], "senders": [f"{port} . {container.mac('eth0')}"]}
    host.cni("DEL", conf, container)
    assert elements(host, "bridge") == {}


def test_another_mac_is_not_heard(host: Host, network: Network) -> None:
    honest, spoofing = host.add_container(), host.add_container()
    for each in (honest, spoofing):
        host.cni("ADD", guarded(network), each)
    assert spoofing.pings("10.1.2.2")
    spoofing.sh("ip link set eth0 address 02:00:00:00:00:99")
    assert spoofing.is_cut_off("10.1.2.2")
    assert spoofing.is_cut_off("10.1.2.1")
    assert honest.pings("10.1.2.1")


def test_ports_of_other_networks_are_not_guarded(host: Host, network: Network) -> None:
    one, free = host.add_container(), host.add_container()
    host.cni("ADD", guarded(network), one)
    host.cni("ADD", network(V4, isGateway=True), free)
    free.sh("ip link set eth0 address 02:00:00:00:00:99")
    assert free.pings("10.1.2.1")


@facts(62)
@pytest.mark.parametrize("environ", [{}, {"CNI_NETNS": ""}])
def test_del_works_when_the_namespace_is_gone(
    host: Host, container: Container, network: Network, environ: dict[str, str]
) -> None:
    host.cni("ADD", guarded(network), container)
    container.remove()
    for _ in range(2):
        host.cni("DEL", guarded(network), container, environ=environ)
        assert elements(host, "bridge") == {}


def test_check_sees_that_the_guard_is_gone(host: Host, container: Container, network: Network) -> None:
    checked = with_prev_result(guarded(network), host.cni("ADD", guarded(network), container))
    assert host.cni("CHECK", checked, container) == {}
    host.sh("nft flush set bridge poplin senders")
    reply = host.call("CHECK", checked, container)
    assert reply.code == 103
    assert "is not guarded against spoofing" in reply.object["msg"]


def test_gc_takes_the_guards_of_the_dead(host: Host, network: Network) -> None:
    live, dead, other = (host.add_container() for _ in range(3))
    host.cni("ADD", guarded(network), live)
    host.cni("ADD", {**guarded(network), "name": "othernet"}, other)
    before = elements(host, "bridge")
    host.cni("ADD", guarded(network), dead)
    dead.remove()
    conf = {**guarded(network), "cni.dev/valid-attachments": [{"containerID": live.id, "ifname": "eth0"}]}
    host.cni("GC", conf)
    assert elements(host, "bridge") == before
    assert len(before["guarded"]) == 2
