"""DEL, CHECK, STATUS and GC of portmap, and what its failures leave."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest
from firewall import nft
from netlab import Host, all_versions, check_versions
from portmap_lab import Publishing, port

PORTS = (port(8080, 80), port(5353, 53, "udp"), port(8443, 443, host_ip="192.0.2.1"))
MASQUERADE = ("masq4", "masq6", "keep4", "keep6")  # the bridge's own
HAIRPINS = ("hairpin4", "hairpin6")  # of the network; they stay until GC


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


def published(publishing: Publishing, *beside: str) -> dict[str, list[str]]:
    """The elements that are of ports."""
    return {name: each for name, each in publishing.elements().items() if name not in (*MASQUERADE, *beside)}


@facts(27, 33, 115)
@pytest.mark.parametrize("has_result", [True, False], ids=["result", "no result"])
@pytest.mark.parametrize("has_ports", [True, False], ids=["ports", "no ports"])
@pytest.mark.parametrize("fields", [{}, {"masqAll": True}, {"conditionsV4": ["-i", "up+"]}], ids=["", "masq", "when"])
def test_del_leaves_nothing_whatever_it_is_told_and_comes_twice(
    publishing: Publishing, has_result: bool, has_ports: bool, fields: dict[str, Any]
) -> None:
    container, neighbour = publishing.add_container(), publishing.add_container()
    publishing.publish(neighbour, port(9090, 90), **fields)
    before = published(publishing, *HAIRPINS)
    publishing.publish(container, *PORTS, **fields)
    assert published(publishing, *HAIRPINS) != before
    conf = publishing.conf(container if has_result else None, *(PORTS if has_ports else ()), **fields)
    for _ in range(2):
        assert publishing.host.cni("DEL", conf, container) == {}
        assert published(publishing, *HAIRPINS) == before


def test_del_works_when_the_namespace_is_gone_or_not_named(publishing: Publishing) -> None:
    for environ in ({}, {"CNI_NETNS": ""}):
        container = publishing.add_container()
        publishing.publish(container, *PORTS)
        container.remove()
        publishing.host.cni("DEL", publishing.conf(None), container, environ=environ)
        assert published(publishing, *HAIRPINS) == {}


def test_del_with_a_configuration_that_add_would_refuse(publishing: Publishing) -> None:
    container = publishing.add_container()
    publishing.publish(container, *PORTS)
    publishing.host.cni("DEL", publishing.conf(container, port(0, 0), backend="foo"), container)
    assert published(publishing, *HAIRPINS) == {}


@facts(34, 35)
def test_check_follows_add_and_del(publishing: Publishing) -> None:
    container = publishing.add_container()
    assert publishing.call("CHECK", container, *PORTS).code == 103
    publishing.publish(container, *PORTS, snat=False)
    assert publishing.call("CHECK", container, *PORTS, snat=False).status == 0
    assert publishing.call("CHECK", container, *PORTS).code == 103
    publishing.publish(container, *PORTS)
    assert publishing.call("CHECK", container, *PORTS).status == 0
    publishing.call("DEL", container, *PORTS)
    assert publishing.call("CHECK", container, *PORTS).code == 103


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("delete element inet poplin ports4 { tcp . 8080 }", "host port 8080/tcp is not published any more"),
        ("delete element inet poplin hostports4 { 192.0.2.1 . tcp . 8443 }", "host port 192.0.2.1:8443/tcp is not"),
        ("flush set inet poplin publishers", "is missing from the set publishers"),
    ],
)
def test_check_names_what_is_missing(publishing: Publishing, damage: str, words: str) -> None:
    container = publishing.add_container()
    publishing.publish(container, *PORTS)
    publishing.host.sh(f"nft {damage}")
    reply = publishing.call("CHECK", container, *PORTS)
    assert reply.code == 103
    assert words in reply.object["msg"]


def test_check_sees_a_port_that_leads_elsewhere(publishing: Publishing) -> None:
    container = publishing.add_container()
    publishing.publish(container, port(8080, 80))
    publishing.host.sh("nft delete element inet poplin ports4 { tcp . 8080 }")
    publishing.host.sh("nft add element inet poplin ports4 { tcp . 8080 : 10.1.2.9 . 80 }")
    reply = publishing.call("CHECK", container, port(8080, 80))
    assert (reply.code, reply.object["msg"]) == (103, "host port 8080/tcp leads elsewhere")


@facts(114)
def test_status_and_gc_answer_nothing_when_all_is_well(publishing: Publishing) -> None:
    conf = publishing.conf(None)
    assert publishing.host.cni("STATUS", conf) == {}
    assert publishing.host.cni("GC", {**conf, "cni.dev/valid-attachments": []}) == {}


def test_gc_takes_what_is_dead_and_of_this_network(publishing: Publishing) -> None:
    live, dead, other, alive, killed = (publishing.add_container() for _ in range(5))
    publishing.publish(live, port(8080, 80), conditionsV4=["-i", "up+"])
    publishing.publish(alive, port(8081, 80))
    publishing.publish(other, port(8082, 80), name="othernet")
    publishing.host.sh("nft add element inet poplin ports4 { tcp . 9999 : 10.9.9.9 . 9 }")
    before, text = publishing.elements(), nft(publishing.host, "list table inet poplin")
    publishing.publish(dead, port(8083, 80), masqAll=True)
    publishing.publish(killed, port(5353, 53, "udp"), conditionsV4=["-i", "wan+"])
    assert "wan*" in nft(publishing.host, "list table inet poplin")
    valid = [{"containerID": each.id, "ifname": "eth0"} for each in (live, alive)]
    publishing.host.cni("GC", {**publishing.conf(None), "cni.dev/valid-attachments": valid})
    assert publishing.elements() == before
    assert nft(publishing.host, "list table inet poplin") == text
    publishing.host.cni("GC", {**publishing.conf(None), "cni.dev/valid-attachments": []})
    assert published(publishing) == {
        "hairpin4": ["10.1.2.0/24 . 10.1.2.0/24"],
        "hairpin6": ["fd00::/64 . fd00::/64"],
        "ports4": ["tcp . 8082 : 10.1.2.4 . 80", "tcp . 9999 : 10.9.9.9 . 9"],
        "ports6": ["tcp . 8082 : fd00::4 . 80"],
        "publishers": published(publishing)["publishers"],
    }
    assert "up*" not in nft(publishing.host, "list table inet poplin")


@all_versions
def test_the_result_passes_through_in_every_version(publishing: Publishing, version: str) -> None:
    old = version in ("0.1.0", "0.2.0")
    result = (
        {"ip4": {"ip": "10.1.2.9/24"}, "dns": {}}
        if old
        else {"ips": [{"version": "4", "address": "10.1.2.9/24"}], "dns": {}}
    )
    if version.startswith("1"):
        result = {"ips": [{"address": "10.1.2.9/24"}]}
    conf = publishing.conf(None, port(8080, 80), cniVersion=version, prevResult={"cniVersion": version, **result})
    container = publishing.host.add_container()
    assert publishing.host.cni("ADD", conf, container) == {"cniVersion": version, **result}
    assert publishing.elements()["ports4"] == ["tcp . 8080 : 10.1.2.9 . 80"]
    publishing.host.cni("DEL", conf, container)


@check_versions
def test_check_in_every_version_that_has_it(publishing: Publishing, version: str) -> None:
    container = publishing.add_container()
    conf = publishing.conf(container, port(8080, 80), cniVersion=version)
    conf["prevResult"] = {"cniVersion": version, "ips": [{"version": "4", "address": "10.1.2.9/24"}]}
    publishing.host.cni("ADD", conf, container)
    publishing.host.cni("CHECK", conf, container)


@pytest.mark.parametrize("ports", [(), PORTS])
def test_add_needs_a_result(publishing: Publishing, ports: tuple[dict[str, Any], ...]) -> None:
    reply = publishing.host.call("ADD", publishing.conf(None, *ports), publishing.host.add_container())
    assert (reply.code, reply.object["msg"]) == (7, "required prevResult is missing")
    assert publishing.elements() == {}


def test_conditions_that_nft_does_not_understand_leave_nothing(publishing: Publishing) -> None:
    container = publishing.add_container()
    before = publishing.elements()
    reply = publishing.call("ADD", container, port(8080, 80), conditionsV4=["ip", "nonsense", "7"])
    assert reply.code == 5
    assert "nft refuses the rules" in reply.object["msg"]
    assert published(publishing, *HAIRPINS) == {}
    assert publishing.elements().items() >= before.items()


@pytest.mark.parametrize(
    "conf",
    [
        {"type": "portmap"},
        {"type": "bridge", "ipMasq": True},
        {"type": "bridge", "macspoofchk": True},
        {"type": "ptp", "ipMasq": True, "ipam": {"type": "static"}},
    ],
)
def test_status_says_when_the_rules_cannot_be_loaded(host: Host, conf: dict[str, Any]) -> None:
    script = 'mount --bind /dev/null "$(readlink -f /usr/lib/*/libnftables.so.1)"; exec "$0"'
    done = subprocess.run(
        ["nsenter", f"--net={host.path}", "unshare", "-m", "sh", "-c", script, str(host.bin_dir / conf["type"])],
        input=json.dumps({"cniVersion": "1.1.0", "name": "n", **conf}),
        env={"CNI_COMMAND": "STATUS", "CNI_PATH": str(host.bin_dir), "PATH": "/usr/sbin:/usr/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert (answer["code"], answer["msg"]) == (50, "the rules cannot be loaded")
    assert "libnftables" in answer["details"]
