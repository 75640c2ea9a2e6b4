"""A real firewalld rejects what containers send, unless it is told of their addresses."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from firewall_lab import OUTSIDE4, OUTSIDE6, Guarded, answers, reaches
from firewalld_lab import Daemon, running_bus, running_firewalld
from netlab import REFERENCE, Container, Host
from traffic import call, serving

SOURCES = ("10.1.2.2/32", "fd00::2/128")


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-meta", *rows)


@pytest.fixture
def firewalld(guarded: Guarded, tmp_path: Path) -> Iterator[Daemon]:
    with running_bus(tmp_path / "bus") as address, running_firewalld(guarded.host, address, tmp_path / "etc") as daemon:
        guarded.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        daemon.ask(".zone", "addInterface", "dmz", "up0")  # bridges are of the usual zone, which is not let out there
        yield daemon


def has_both(daemon: Daemon, zone: str = "trusted") -> list[bool]:
    """Whether the zone has the first container's addresses."""
    return [daemon.has(zone, each) for each in SOURCES]


@facts(66, 69)
@pytest.mark.parametrize("fields", [{"backend": "firewalld"}, {}], ids=["named", "found"])
def test_what_containers_send_passes_with_the_plugin_only(
    guarded: Guarded, firewalld: Daemon, fields: dict[str, str]
) -> None:
    container = guarded.add_container()
    assert not answers(container, OUTSIDE4)
    guarded.admit(container, **fields)
    assert has_both(firewalld) == [True, True]
    assert reaches(container, OUTSIDE4)
    assert reaches(container, OUTSIDE6)
    with serving(guarded.outside, 80):
        assert call(container, OUTSIDE4, 80) == guarded.address(container)
    guarded.expel(container, **fields)
    assert has_both(firewalld) == [False, False]
    assert not answers(container, OUTSIDE4)
    guarded.expel(container, **fields)
    assert guarded.elements() == {}


@facts(67)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        *(({}, True), ({"backend": ""}, True), ({"backend": "foo"}, True)),
        *(({"backend": "iptables"}, False), ({"backend": "nftables"}, False)),
    ],
)
def test_a_running_firewalld_is_told_unless_another_backend_is_named(
    guarded: Guarded, firewalld: Daemon, fields: dict[str, str], told: bool
) -> None:
    guarded.add(**fields)
    assert has_both(firewalld) == [told, told]
    assert ("zoned4" in guarded.elements()) == told


def test_containers_of_two_networks_reach_each_other(guarded: Guarded, firewalld: Daemon) -> None:
    one, other = guarded.add("foo"), guarded.add("bar")
    assert reaches(one, guarded.address(other))
    assert reaches(other, guarded.address(one))


@facts(68)
def test_check_asks_firewalld(guarded: Guarded, firewalld: Daemon) -> None:
    container = guarded.add_container()
    assert guarded.call("CHECK", container).code == 103
    guarded.admit(container)
    assert guarded.call("CHECK", container).status == 0
    firewalld.ask(".zone", "removeSource", "trusted", SOURCES[1])
    reply = guarded.call("CHECK", container)
    assert (reply.code, reply.object["msg"]) == (103, "firewalld does not have fd00::2/128 in zone 'trusted'")
    guarded.admit(container)
    assert guarded.call("CHECK", container).status == 0


def test_add_comes_twice_and_follows_a_new_zone(guarded: Guarded, firewalld: Daemon) -> None:
    container = guarded.add()
    guarded.admit(container)
    assert has_both(firewalld) == [True, True]
    guarded.admit(container, firewalldZone="internal")
    assert (has_both(firewalld), has_both(firewalld, "internal")) == ([False, False], [True, True])
    guarded.admit(container, backend="nftables")
    assert has_both(firewalld, "internal") == [False, False]
    assert "zoned4" not in guarded.elements()


def test_del_that_is_told_nothing_takes_the_addresses_out_of_whatever_zone(guarded: Guarded, firewalld: Daemon) -> None:
    container = guarded.add(firewalldZone="internal")
    conf = {**guarded.conf(None), "name": "foo"}
    assert guarded.host.cni("DEL", conf, container, environ=guarded.environ) == {}
    assert has_both(firewalld, "internal") == [False, False]
    assert guarded.elements() == {}


def test_gc_takes_the_addresses_of_the_dead_out(guarded: Guarded, firewalld: Daemon) -> None:
    live, dead = guarded.add(), guarded.add()
    guarded.collect("foo", live)
    assert [firewalld.has("trusted", f"10.1.2.{n}/32") for n in (2, 3)] == [True, False]
    assert guarded.elements()["zoned4"] == ["10.1.2.2"]
    assert guarded.call("CHECK", live).status == 0
    assert guarded.call("CHECK", dead).code == 103


@pytest.mark.parametrize(
    ("zone", "code", "words"),
    [("nozone", 7, "INVALID_ZONE: nozone"), ("trusted", 102, "ZONE_CONFLICT: '10.1.2.2/32' already bound to a zone")],
)
def test_what_firewalld_refuses_is_told_in_its_words_and_leaves_nothing(
    guarded: Guarded, firewalld: Daemon, zone: str, code: int, words: str
) -> None:
    container = guarded.add_container()
    if code == 102:
        firewalld.ask(".zone", "addSource", "public", SOURCES[0])
    reply = guarded.call("ADD", container, firewalldZone=zone)
    assert (reply.code, reply.object["details"]) == (code, words)
    assert guarded.elements() == {}
    assert not firewalld.has("trusted", SOURCES[1])
    if code == 102:
        assert firewalld.has("public", SOURCES[0]), "it is the administrator's"


def test_a_failed_repeat_leaves_what_the_first_add_did(guarded: Guarded, firewalld: Daemon) -> None:
    container = guarded.add()
    before = guarded.elements()
    assert guarded.call("ADD", container, firewalldZone="nozone").code == 7
    assert guarded.elements() == before
    assert has_both(firewalld) == [True, True]


def test_a_firewalld_that_ended_needs_to_be_told_nothing(guarded: Guarded, tmp_path: Path) -> None:
    with running_bus(tmp_path / "bus") as address:
        guarded.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        with running_firewalld(guarded.host, address, tmp_path / "etc"):
            container = guarded.add()
        guarded.expel(container)
    assert guarded.elements() == {}


def test_the_same_without_a_bus(guarded: Guarded, tmp_path: Path) -> None:
    with running_bus(tmp_path / "bus") as address:
        guarded.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        with running_firewalld(guarded.host, address, tmp_path / "etc"):
            containers = [guarded.add(), guarded.add()]
    guarded.expel(containers[0])
    guarded.collect("foo")
    assert guarded.elements() == {}


@pytest.mark.parametrize(("command", "code"), [("ADD", 5), ("STATUS", 50)])
def test_a_firewalld_that_was_named_has_to_be_there(guarded: Guarded, command: str, code: int) -> None:
    container = guarded.add_container()
    conf = guarded.conf(container if command == "ADD" else None, backend="firewalld")
    reply = guarded.host.call(command, conf, container, environ=guarded.environ)
    assert (reply.code, reply.object["msg"]) == (code, "firewalld is not running")
    assert guarded.elements() == {}


def test_a_bus_that_does_not_answer_is_not_waited_for_long(guarded: Guarded, tmp_path: Path) -> None:
    container = guarded.add_container()
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "bus"))
        mute.listen()
        guarded.environ["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={tmp_path / 'bus'}"
        reply = guarded.call("ADD", container)
        assert (reply.code, reply.object["msg"]) == (5, "cannot ask the system bus for firewalld")
        assert reply.object["details"] == "no answer to the greeting in time"
        reply = guarded.call("DEL", container)
        assert (reply.status, reply.output) == (0, "")
        assert "cannot ask the system bus for firewalld; no answer to the greeting in time" in reply.errors
    assert guarded.elements() == {}


def test_a_firewalld_of_another_network_is_told_only_if_it_is_named(
    guarded: Guarded, bin_dir: Path, tmp_path: Path
) -> None:
    """As a program with a network of its own sees that of its host."""
    other = Host("other", bin_dir)
    with running_bus(tmp_path / "bus") as address, running_firewalld(other, address, tmp_path / "etc") as daemon:
        guarded.environ["DBUS_SYSTEM_BUS_ADDRESS"] = address
        container = guarded.add()
        assert has_both(daemon) == [False, False]
        guarded.admit(container, backend="firewalld")
        assert has_both(daemon) == [True, True]
        guarded.expel(container)
        assert has_both(daemon) == [False, False]
    other.remove()


@facts(66)
def test_the_reference_and_we_take_each_others_addresses_out(guarded: Guarded, firewalld: Daemon) -> None:
    def theirs(command: str, container: Container) -> None:
        conf = {**guarded.conf(container), "cniVersion": "1.0.0"}
        conf["prevResult"] = json.loads(json.dumps(conf["prevResult"]))
        conf["prevResult"]["cniVersion"] = "1.0.0"
        guarded.host.cni(command, conf, container, bin_dir=REFERENCE, environ=guarded.environ)

    container = guarded.add_container()
    theirs("ADD", container)
    assert has_both(firewalld) == [True, True]
    guarded.expel(container)
    assert has_both(firewalld) == [False, False]
    guarded.admit(container)
    theirs("DEL", container)
    assert has_both(firewalld) == [False, False]
    guarded.expel(container)
    assert guarded.elements() == {}
