"""dnsname as a runtime calls it: containers that look each other up for real, and what is left of it."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import pytest
from dnsname_lab import BRIDGE, DOMAIN, Names, lookup, wait_until
from netlab import all_versions, result_ips

NXDOMAIN = ["NXDOMAIN"]


@all_versions
def test_containers_find_each_other_by_name(names: Names, version: str) -> None:
    one, other = names.add_container("one"), names.add_container("Other")
    for each in (one, other):
        names.do("ADD", each, version=version, aliases=[f"{names.names[each.id]}-too"])
    for name in ("one", "ONE", f"one.{DOMAIN}", "one-too", f"One-Too.{DOMAIN}"):
        assert lookup(other, name) == names.addresses(one)
    assert lookup(one, f"other.{DOMAIN}", "fd88::1") == names.addresses(other)
    assert lookup(one, f"nobody.{DOMAIN}") == NXDOMAIN
    for each in (one, other):
        names.do("DEL", each, version=version)
    assert names.is_clean()


def test_add_answers_where_to_ask(names: Names) -> None:
    container = names.add_container("one")
    before = {**names.result(container), "dns": {"nameservers": ["9.9.9.9"], "search": ["example.com"]}}
    result = names.do("ADD", container, prevResult=before)
    assert result["dns"] == {"nameservers": ["10.88.0.1", "fd88::1", "9.9.9.9"], "search": ["example.com", DOMAIN]}
    assert {**result, "dns": before["dns"]} == before


def test_files_are_those_of_the_reference(names: Names) -> None:
    container = names.add_container("one")
    names.do("ADD", container, aliases=["web", "ONE", "Web2"])
    assert names.files() == ["mynet", *(f"mynet/{each}" for each in ("addnhosts", "dnsmasq.conf", "lock", "pidfile"))]
    assert names.lines() == [f"{each} one web Web2 #mynet/{container.id}/eth0" for each in names.addresses(container)]
    assert names.servers() == [names.pid()]
    assert names.folder.stat().st_mode & 0o777 == 0o700


def test_verbs_may_be_repeated(names: Names) -> None:
    one, other = names.add_container("one"), names.add_container("other")
    for _ in range(2):
        for each in (one, other):
            names.do("ADD", each)
            names.do("CHECK", each)
    assert len(names.lines()) == 4
    for _ in range(2):
        names.do("DEL", one)
        assert lookup(other, "other") == names.addresses(other)
    wait_until(lambda: lookup(other, f"one.{DOMAIN}") == NXDOMAIN, "the name is gone")
    for _ in range(2):
        names.do("DEL", other)
        assert names.is_clean()


def test_two_containers_of_one_name_are_both_found(names: Names) -> None:
    one, two, asking = (names.add_container(name) for name in ("twin", "Twin", "asking"))
    for each in (one, two, asking):
        names.do("ADD", each)
    assert lookup(asking, f"twin.{DOMAIN}") == names.addresses(one, two)
    names.do("DEL", one)
    wait_until(lambda: lookup(asking, f"twin.{DOMAIN}") == names.addresses(two), "the other one is found")


def test_del_needs_neither_namespace_nor_prevresult(names: Names) -> None:
    containers = [names.add_container(name) for name in ("one", "two")]
    for each in containers:
        names.do("ADD", each)
        each.remove()
    names.host.sh(f"ip link delete {BRIDGE}")
    names.do("DEL", containers[0], prevResult=None)
    names.do("DEL", containers[1], domainName="no domain")
    assert names.is_clean()


def test_networks_know_nothing_of_each_other(names: Names) -> None:
    names.host.sh("ip link add names1 type bridge")
    names.host.sh("ip address add 10.89.0.1/24 dev names1")
    names.host.sh("ip link set names1 up")
    one, two = names.add_container("one"), names.add_container("two")
    other = {**names.result(two), "interfaces": [{"name": "names1"}, names.result(two)["interfaces"][1]]}
    names.do("ADD", one)
    names.do("ADD", two, name="other", prevResult=other)
    assert lookup(one, f"two.{DOMAIN}") == NXDOMAIN
    assert len(names.servers()) == 2
    names.do("DEL", one)
    assert (names.servers("mynet"), len(names.servers("other"))) == ([], 1)
    names.do("DEL", two, name="other")
    assert names.is_clean()


def test_a_container_without_a_host_name_has_a_server_all_the_same(names: Names) -> None:
    one, other = names.add_container("a b"), names.add_container("")
    reply = names.call("ADD", one, aliases=["web"])
    note = "'a b' is no host name, so the container is not known by it"
    assert (reply.status, reply.errors) == (0, f"dnsname {one.id} eth0: {note}\n")
    names.do("ADD", other)
    assert lookup(other, "web") == names.addresses(one)
    assert names.lines()[2:] == [f"{each} #mynet/{other.id}/eth0" for each in names.addresses(other)]
    for each in (one, other):
        names.do("DEL", each)
    assert names.is_clean()


@pytest.mark.parametrize("name", ["localhost", "LocalHost", "web.localhost"])
def test_nobody_is_called_what_each_container_calls_itself(names: Names, name: str) -> None:
    container = names.add_container(name)
    reply = names.call("ADD", container, aliases=["web"])
    note = f"{name!r} is what each container calls itself, so the container is not known by it"
    assert (reply.status, reply.errors) == (0, f"dnsname {container.id} eth0: {note}\n")
    assert names.lines() == [f"{each} web #mynet/{container.id}/eth0" for each in names.addresses(container)]
    refusal = (7, "invalid alias in `runtimeConfig.aliases`", f"{name!r} is what each container calls itself")
    assert names.refuse("ADD", container, aliases=[name]) == refusal


def test_arguments_that_cannot_be_read_are_told_of(names: Names) -> None:
    container = names.add_container("one")
    reply = names.call("ADD", container, environ={"CNI_ARGS": "K8S_POD_NAME=one;garbage"})
    note = "invalid CNI_ARGS; 'garbage' is not of the form KEY=VALUE, so the container is not known by it"
    assert (reply.status, reply.errors) == (0, f"dnsname {container.id} eth0: {note}\n")
    assert names.lines() == [f"{each} #mynet/{container.id}/eth0" for each in names.addresses(container)]


@pytest.mark.parametrize("verb", ["DEL", "GC"])
@pytest.mark.parametrize("garbage", [b"garbage\n", b"# a comment\n", b"\xff\0 x\n", b"999.0.0.1 web\n"])
def test_lines_that_say_nothing_keep_nothing(names: Names, verb: str, garbage: bytes) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    for each in (one, two):
        names.do("ADD", each)
    path = names.folder / "addnhosts"
    path.write_bytes(garbage + path.read_bytes())
    names.do("DEL", two)
    assert path.read_bytes().startswith(garbage)
    names.do(verb, one if verb == "DEL" else None, **{"cni.dev/valid-attachments": []})
    assert names.is_clean()


@pytest.mark.parametrize("alias", ["", "a b", "a\n10.0.0.1 b", "#a", "a..b", "-a", "a" * 64, "é", "a\tb", "a/b"])
def test_an_alias_that_is_no_host_name_is_refused(names: Names, alias: str) -> None:
    refusal = (7, "invalid alias in `runtimeConfig.aliases`", f"{alias!r} is no host name")
    assert names.refuse("ADD", names.add_container("one"), aliases=[alias]) == refusal
    assert names.is_clean()


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({"domainName": "a b"}, 7, "invalid `domainName`"),
        ({"domainName": "a\ninterface=lo"}, 7, "invalid `domainName`"),
        ({"prevResult": None}, 7, "required prevResult is missing"),
        ({"runtimeConfig": {"aliases": {"mynet": "web"}}}, 7, "`runtimeConfig.aliases` is not what it can be"),
        ({"strict": True, "domain": "x"}, 2, "unknown key `domain` in a strict configuration"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_touched(
    names: Names, fields: dict[str, object], code: int, message: str
) -> None:
    assert names.refuse("ADD", names.add_container("one"), **fields)[:2] == (code, message)
    assert names.is_clean()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (f"ip link delete {BRIDGE}", "there is no bridge that the containers are on"),
        (f"ip address flush dev {BRIDGE}", f"'{BRIDGE}' has no address to answer at"),
    ],
)
def test_add_needs_a_bridge_to_answer_on(names: Names, change: str, message: str) -> None:
    container = names.add_container("one")
    names.host.sh(change)
    assert names.refuse("ADD", container)[:2] == (7, message)
    assert names.is_clean()


def test_a_link_of_one_container_alone_is_refused(names: Names) -> None:
    container = names.add_container("one")
    alone = {**names.result(container), "interfaces": [{"name": "v2"}, names.result(container)["interfaces"][1]]}
    assert names.refuse("ADD", container, prevResult=alone)[1] == "'v2' is no bridge but one container's own"


def test_a_failed_add_leaves_what_an_earlier_one_made(names: Names) -> None:
    container = names.add_container("one")
    names.do("ADD", container)
    before = names.lines()
    (names.folder / "dnsmasq.conf").write_text("interface=other\n")
    names.kill_server()
    with listening(names):
        code, message, _ = names.refuse("ADD", container, aliases=["web"])
    assert (code, message) == (5, "/usr/sbin/dnsmasq does not start")
    assert names.lines() == before
    names.do("ADD", container)
    assert lookup(container, "one") == names.addresses(container)


def listening(names: Names) -> subprocess.Popen[str]:
    """Somebody else at the bridge's address."""
    program = "import socket; s = socket.socket(2, 2); s.bind(('10.88.0.1', 53)); print('ready', flush=True); input()"
    line = ["nsenter", f"--net={names.host.path}", "python3", "-c", program]
    process = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("verb", ["ADD", "STATUS"])
def test_without_dnsmasq_the_package_is_named(names: Names, verb: str) -> None:
    container = names.add_container("one")
    script = f"mount -t tmpfs none /usr/sbin; exec {names.host.bin_dir}/dnsname"
    folder = names.host.bin_dir.parent / f"without-{container.id}"
    folder.mkdir()
    (folder / "dnsname").write_text(f"#!/bin/sh\nexec unshare -m sh -ec '{script}'\n")
    (folder / "dnsname").chmod(0o755)
    refusal = (50, "dnsname needs dnsmasq", "there is no /usr/sbin/dnsmasq; install the package dnsmasq-base")
    assert names.refuse(verb, container, bin_dir=folder) == refusal


def test_check_says_what_is_wrong(names: Names) -> None:
    container = names.add_container("one")
    missing = f"one is not written down; with {', '.join(names.addresses(container))}"
    assert "; ".join(names.refuse("CHECK", container)[1:]) == missing
    names.do("ADD", container)
    names.do("CHECK", container)
    (names.folder / "addnhosts").write_text("")
    assert "; ".join(names.refuse("CHECK", container)[1:]) == missing
    names.do("ADD", container)
    names.kill_server()
    assert names.refuse("CHECK", container)[:2] == (103, "/usr/sbin/dnsmasq does not run")
    names.do("ADD", container)
    address = names.addresses(container)[0]
    (names.folder / "addnhosts").write_text("")
    os.kill(names.pid(), signal.SIGHUP)
    wait_until(lambda: lookup(container, f"one.{DOMAIN}") == NXDOMAIN, "the server has forgotten")
    (names.folder / "addnhosts").write_text(f"{address} one\nfd88::2 one\n")
    found = names.refuse("CHECK", container)
    assert found == (103, f"'one.{DOMAIN}' does not lead to {address}", "says the server at 10.88.0.1")


def test_gc_forgets_whom_nobody_lists_and_starts_what_died(names: Names) -> None:
    kept, gone = names.add_container("kept"), names.add_container("gone")
    for each in (kept, gone):
        names.do("ADD", each)
    names.kill_server()
    listed = {"cni.dev/valid-attachments": [{"containerID": kept.id, "ifname": "eth0"}]}
    names.do("GC", None, **listed)
    assert len(names.lines()) == 2
    assert lookup(kept, "kept") == names.addresses(kept)
    assert lookup(kept, f"gone.{DOMAIN}") == NXDOMAIN
    names.do("GC", None, **{"cni.dev/valid-attachments": []})
    assert names.is_clean()


def test_status_is_fine_where_add_is(names: Names) -> None:
    names.do("STATUS", None)
    Path(names.runtime / "containers").write_text("")
    refusal = (50, "dnsname cannot write names down", f"{names.runtime}/containers is not a folder")
    assert names.refuse("STATUS", None) == refusal


def test_the_result_keeps_its_addresses(names: Names) -> None:
    container = names.add_container("one")
    assert result_ips(names.do("ADD", container)) == names.prefixes(container)
