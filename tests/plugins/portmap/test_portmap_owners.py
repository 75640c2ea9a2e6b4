"""Whose a published port is when two want it."""

from __future__ import annotations

import pytest
from firewall import nft
from netlab import Container
from portmap_lab import Publishing, port
from traffic import call, is_silent, serving

OUTSIDE = "192.0.2.1"


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def test_two_containers_may_not_have_one_port_and_the_error_names_the_owner(publishing: Publishing) -> None:
    first, second = publishing.add_container(), publishing.add_container()
    publishing.publish(first, port(8080, 80))
    before = publishing.elements()
    reply = publishing.call("ADD", second, port(8081, 80), port(8080, 80))
    assert reply.code == 102
    assert reply.object["msg"] == f"host port 8080/tcp is published by mynet/{first.id}/eth0"
    assert reply.object["details"].startswith("for 10.1.2.2, which is alive")
    assert publishing.elements() == before


def test_a_second_add_that_cannot_have_all_leaves_what_the_first_one_did(publishing: Publishing) -> None:
    first, second = publishing.add_container(), publishing.add_container()
    publishing.publish(first, port(8080, 80))
    publishing.publish(second, port(9090, 90))
    before = publishing.elements()
    assert publishing.call("ADD", first, port(8080, 80), port(9090, 80)).code == 102
    assert publishing.elements() == before


def test_an_owner_whom_another_implementation_attached_is_asked_for(publishing: Publishing) -> None:
    first, second = publishing.add_container(), publishing.add_container()
    publishing.publish(first, port(8080, 80))
    veth = publishing.results[first.id]["interfaces"][1]["name"]
    publishing.host.sh(f"ip link set {veth} alias somebody")
    assert publishing.call("ADD", second, port(8080, 80)).code == 102


def test_two_attachments_of_one_container_may_repeat_a_port_and_the_first_wins(publishing: Publishing) -> None:
    container = publishing.add_container()
    publishing.publish(container, port(8080, 80))
    other = publishing.conf(None, port(8080, 81), port(8081, 81), name="othernet")
    other["prevResult"] = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.2/24"}]}
    publishing.host.cni("ADD", other, container, environ={"CNI_IFNAME": "eth1"})
    publishing.host.cni("CHECK", other, container, environ={"CNI_IFNAME": "eth1"})
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.2 . 80", "tcp . 8081 : 10.1.2.2 . 81"]
    publishing.host.cni("DEL", other, container, environ={"CNI_IFNAME": "eth1"})
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.2 . 80"]


def test_gc_leaves_an_attachment_sound_whose_ports_another_one_of_the_container_has(publishing: Publishing) -> None:
    container = publishing.add_container()
    publishing.publish(container, port(8080, 80))
    others = {"eth1": "10.5.0.2/24", "eth2": "10.6.0.2/32"}
    for ifname, address in others.items():
        conf = publishing.conf(None, port(8080, 80), name=f"net-{ifname}")
        conf["prevResult"] = {"cniVersion": "1.1.0", "ips": [{"address": address}]}
        publishing.host.cni("ADD", conf, container, environ={"CNI_IFNAME": ifname})
        valid = [{"containerID": container.id, "ifname": ifname}]
        publishing.host.cni("GC", {**conf, "cni.dev/valid-attachments": valid})
        assert publishing.host.cni("CHECK", conf, container, environ={"CNI_IFNAME": ifname}) == {}
    assert publishing.elements()["hairpin4"] == ["10.1.2.0/24 . 10.1.2.0/24"]


def test_a_container_alone_in_its_network_leaves_the_network_around_it(publishing: Publishing) -> None:
    first, second = publishing.add_container(), publishing.add_container()
    publishing.publish(first, port(8080, 80))
    alone = publishing.conf(None, port(8081, 80), name="othernet")
    alone["prevResult"] = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.3/32"}]}
    for command in ("ADD", "ADD", "CHECK", "DEL"):
        reply = publishing.host.call(command, alone, second)
        assert (command, reply.status, reply.errors) == (command, 0, "")
        assert publishing.elements()["hairpin4"] == ["10.1.2.0/24 . 10.1.2.0/24"]
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.2 . 80"]


def vanish(publishing: Publishing, container: Container) -> None:
    """As if the container had been killed and nobody told; the kernel takes a moment to clean up."""
    container.remove()
    publishing.host.wait_until_gone(publishing.results[container.id]["interfaces"][1]["name"])


def test_an_owner_that_is_gone_loses_the_port_with_a_line_on_stderr(publishing: Publishing) -> None:
    first, second = publishing.add_container(), publishing.add_container()
    publishing.publish(first, port(8080, 80))
    vanish(publishing, first)
    reply = publishing.call("ADD", second, port(8080, 80))
    assert reply.status == 0
    gone = f"was published by mynet/{first.id}/eth0, whose address"
    assert reply.errors.splitlines() == [
        f"portmap {second.id} eth0: host port 8080/tcp {gone} 10.1.2.2 is gone",
        f"portmap {second.id} eth0: host port 8080/tcp {gone} fd00::2 is gone",
    ]
    with serving(second, 80):
        assert call(publishing.outside, OUTSIDE, 8080) == "192.0.2.2"
    publishing.call("DEL", first)
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.3 . 80"]


def test_an_owner_that_is_gone_is_asked_for_once_however_many_ports_it_had(publishing: Publishing) -> None:
    """An address that is silent takes a second and a half, 40 of them more than this or any runtime waits."""
    first, second = publishing.add_container(), publishing.add_container()
    ports = [port(8000 + number, 80) for number in range(40)]
    publishing.publish(first, *ports)
    vanish(publishing, first)
    reply = publishing.call("ADD", second, *ports)
    assert reply.status == 0
    assert reply.errors.count("\n") == 80, "40 for each IP version"
    assert {each.partition(" : ")[2] for each in publishing.elements()["ports4"]} == {"10.1.2.3 . 80"}


def test_an_owner_whose_address_is_ours_by_now_is_gone(publishing: Publishing) -> None:
    first = publishing.add_container()
    publishing.publish(first, port(8080, 80))
    second = publishing.host.add_container()
    publishing.results[second.id] = publishing.results[first.id]
    reply = publishing.call("ADD", second, port(8080, 80))
    assert (reply.status, len(reply.errors.splitlines())) == (0, 2)


@facts(26)
def test_add_twice_is_add_once_with_the_ports_of_the_second(publishing: Publishing) -> None:
    container = publishing.add_container()
    publishing.publish(container, port(8080, 80))
    publishing.publish(container, port(8080, 80))
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.2 . 80"]
    publishing.publish(container, port(8080, 81))
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.2 . 81"]
    publishing.publish(container, port(9090, 90))
    assert publishing.elements()["ports4"] == ["tcp . 9090 : 10.1.2.2 . 90"]
    publishing.publish(container, port(9091, 90), masqAll=True, conditionsV4=["-i", "up+"])
    assert "ports4" not in publishing.elements()
    publishing.publish(container, port(9090, 90))
    assert publishing.elements()["ports4"] == ["tcp . 9090 : 10.1.2.2 . 90"]
    publishing.host.cni("DEL", publishing.conf(container, port(9090, 90)), container)
    assert {"publishers", "masqall4", "ports4", "ports6"}.isdisjoint(publishing.elements())


@facts(30)
def test_udp_reaches_the_next_owner_of_a_port_at_once(publishing: Publishing) -> None:
    first, second = publishing.add_container(), publishing.add_container()
    publishing.publish(first, port(5353, 53, "udp"))
    with serving(first, 53, "udp", name="first "), serving(second, 53, "udp", name="second "):
        assert call(publishing.outside, OUTSIDE, 5353, "udp", source=4000) == "first 192.0.2.2"
        assert publishing.call("DEL", first, port(5353, 53, "udp")).status == 0
        # nobody publishes it now; what is sent in the meantime is remembered as not for a container
        assert is_silent(publishing.outside, OUTSIDE, 5353, "udp", source=4000)
        publishing.publish(second, port(5353, 53, "udp"))
        assert call(publishing.outside, OUTSIDE, 5353, "udp", source=4000) == "second 192.0.2.2"


def test_udp_flows_of_others_are_left_alone(publishing: Publishing) -> None:
    container, client = publishing.add_container(), publishing.add_container()
    with serving(publishing.outside, 5353, "udp"):
        assert call(client, "192.0.2.2", 5353, "udp", source=4001) == OUTSIDE
        publishing.publish(container, port(5353, 53, "udp"))
        publishing.call("DEL", container, port(5353, 53, "udp"))
    flows = publishing.host.sh("cat /proc/net/nf_conntrack")
    assert [line for line in flows.splitlines() if "src=10.1.2.3" in line and "sport=4001" in line]


def test_others_tables_are_not_touched(publishing: Publishing) -> None:
    publishing.host.sh("nft add table ip nat")
    publishing.host.sh("nft add chain ip nat mine '{ type nat hook prerouting priority 0; }'")
    publishing.host.sh("nft add rule ip nat mine tcp dport 8080 accept comment mine")
    before = nft(publishing.host, "list table ip nat")
    container = publishing.add_container()
    publishing.publish(container, port(8080, 80))
    publishing.call("DEL", container, port(8080, 80))
    assert nft(publishing.host, "list table ip nat") == before != ""
