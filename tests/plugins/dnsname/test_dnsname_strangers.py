"""Other name servers, of other hosts and containers or of nobody we know, and one that hangs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from dnsname_lab import BRIDGE, DOMAIN, Names, lookup, wait_until
from netlab import Container

# Another container in which there is such a network too: the same names of files, and nothing else in common.
NESTED = """
mount -t tmpfs none {top}; mkdir -p {folder}
printf 'pid-file={folder}/pidfile\\nport=0\\nuser=root\\ngroup=\\n' >{folder}/dnsmasq.conf
exec /usr/sbin/dnsmasq --keep-in-foreground --conf-file={folder}/dnsmasq.conf
"""


@contextmanager
def nested(names: Names, *, same_net: bool = False) -> Iterator[subprocess.Popen[str]]:
    """A dnsmasq in namespaces of its own."""
    before = names.servers()
    script = NESTED.format(top=names.runtime, folder=names.folder)
    flags = "-mp" if same_net else "-nmp"
    line = ["nsenter", f"--net={names.host.path}", "unshare", flags, "--fork", "--mount-proc", "sh", "-ec", script]
    with subprocess.Popen(line, text=True) as process:
        try:
            wait_until(lambda: len(names.servers()) == len(before) + 1, "the other dnsmasq runs")
            yield process
        finally:
            for pid in set(names.servers()) - set(before):
                os.kill(pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize("same_net", [False, True])
def test_a_server_of_another_container_is_left_alone(names: Names, same_net: bool) -> None:
    """Neither when the number of ours is lost nor when ours does not start."""
    container = names.add_container("one")
    with nested(names, same_net=same_net) as victim:
        (theirs,) = names.servers()
        with port_taken(names):
            assert names.refuse("ADD", container)[:2] == (5, "/usr/sbin/dnsmasq does not start")
        assert (names.servers(), victim.poll()) == ([theirs], None)
        names.do("ADD", container)
        (names.folder / "pidfile").write_text(f"{theirs}\n")
        names.do("DEL", container)
        assert (names.servers(), victim.poll()) == ([theirs], None)


@contextmanager
def port_taken(names: Names) -> Iterator[None]:
    """Somebody else answers at the bridge."""
    program = "import socket; s = socket.socket(2, 2); s.bind(('10.88.0.1', 53)); print('ready', flush=True); input()"
    line = ["nsenter", f"--net={names.host.path}", "python3", "-Ic", program]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        try:
            yield
        finally:
            process.kill()


def test_a_port_that_is_taken_is_named_with_where_to_look(names: Names) -> None:
    container = names.add_container("one")
    with port_taken(names):
        details = names.refuse("ADD", container)[2]
    assert details.endswith(
        "10.88.0.1: Address already in use; another name server has port 53 there: see `ss -lnptu sport = :53`"
    )


# Other hosts.


def call_from(other: Container, names: Names, command: str, container: Container | None, **fields: object) -> None:
    """A verb that must succeed, called on another host."""
    environ = {"CNI_COMMAND": command, "CNI_PATH": str(names.host.bin_dir), **names.environ(container)}
    if container:
        environ |= {"CNI_CONTAINERID": container.id, "CNI_IFNAME": "eth0"}
    line = ["nsenter", f"--net={other.path}", str(names.host.bin_dir / "dnsname")]
    conf = json.dumps(names.conf(None, **fields))
    subprocess.run(line, env=environ, input=conf, text=True, capture_output=True, check=True)


@pytest.mark.parametrize("command", ["DEL", "GC"])
def test_who_forgets_names_on_another_host_leaves_the_server_where_it_is(names: Names, command: str) -> None:
    one, two, other = names.add_container("one"), names.add_container("two"), names.host.add_container()
    for each in (one, two):
        names.do("ADD", each)
    before = names.pid()
    kept = [{"containerID": two.id, "ifname": "eth0"}]
    called = (None, {"cni.dev/valid-attachments": kept}) if command == "GC" else (one, {})
    call_from(other, names, command, called[0], **called[1])
    assert (names.servers(), names.pid()) == ([before], before)
    wait_until(lambda: lookup(two, f"one.{DOMAIN}") == ["NXDOMAIN"], "the first is forgotten")
    assert lookup(two, "two") == names.addresses(two)


def test_a_server_that_died_is_not_begun_on_a_host_without_its_bridge(names: Names) -> None:
    one, two, other = names.add_container("one"), names.add_container("two"), names.host.add_container()
    for each in (one, two):
        names.do("ADD", each)
    names.kill_server()
    call_from(other, names, "DEL", one)
    assert names.servers() == []
    names.do("ADD", one)
    assert lookup(one, "two") == names.addresses(two)
    assert names.host.sh(f"ip link show {BRIDGE}")


# One that hangs.


def test_a_server_that_hangs_is_begun_anew(names: Names) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    before = names.pid()
    os.kill(before, signal.SIGSTOP)
    names.do("ADD", two)
    assert names.servers() == [names.pid()] != [before]
    assert lookup(one, "two") == names.addresses(two)


def test_a_firewall_in_the_way_is_named_and_that_it_does_not_hang(names: Names) -> None:
    container = names.add_container("one")
    names.host.sh("iptables-nft -A INPUT -p udp --dport 53 -j DROP")
    assert names.refuse("ADD", container) == (
        11,
        f"'one.{DOMAIN}' does not lead to 10.88.0.2",
        "at 10.88.0.1, within 10 s; dnsmasq was begun anew in case it hung; "
        "does a firewall of the host drop what this host asks itself?",
    )
    assert names.is_clean()
