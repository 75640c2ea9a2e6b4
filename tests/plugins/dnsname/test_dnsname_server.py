"""The dnsmasq of a network: found again or begun anew, while containers ask it all the time."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dnsname_lab import BRIDGE, DOMAIN, Names, lookup
from netlab import PATIENCE, Container

# Asks for a name of each kind over and over, from one socket each; prints every answer that is not the one it should
# be. A packet that is lost is asked for again by no one here.
ASKING = """
import os, socket, struct, sys
server, stop, *pairs = sys.argv[1:]
asked = 0
while asked <= 50 or not os.path.exists(stop):
    for pair in pairs:
        name, address = pair.split("=")
        kind, family = (28, socket.AF_INET6) if ":" in address else (1, socket.AF_INET)
        ident = os.urandom(2)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.settimeout(60)
            s.connect((server, 53))
            labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
            s.send(ident + struct.pack(">HHHHH", 256, 1, 0, 0, 0) + labels + b"\\0" + struct.pack(">HH", kind, 1))
            answer = s.recv(4096)
        found = answer[-len(socket.inet_pton(family, address)):]
        if answer[:2] != ident or answer[6:8] != b"\\0\\1" or found != socket.inet_pton(family, address):
            print("wrong answer for", pair, answer)
        asked += 1
print("asked")
"""


@contextmanager
def asking(container: Container, folder: Path, *pairs: str) -> Iterator[None]:
    """A container that looks these names up all the time; each answer must be right."""
    stop = folder / "stop"
    line = ["nsenter", f"--net={container.path}", "python3", "-Ic", ASKING, "10.88.0.1", str(stop), *pairs]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        yield
        stop.touch()
        output, _ = process.communicate(timeout=PATIENCE)
        assert output == "asked\n"
    finally:
        process.kill()
        process.wait()


def test_no_lookup_is_lost_while_others_come_and_go(names: Names, tmp_path: Path) -> None:
    steady, watching = names.add_container("steady"), names.add_container("watching")
    others = [names.add_container(f"other{number}") for number in range(4)]
    for each in (steady, watching):
        names.do("ADD", each)
    pairs = [f"steady.{DOMAIN}={each}" for each in names.addresses(steady)]
    with asking(watching, tmp_path, *pairs):
        for _ in range(3):
            for verb in ("ADD", "DEL"):
                threads = [threading.Thread(target=names.do, args=(verb, each)) for each in others]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
    assert [line.split()[1] for line in names.lines()] == ["steady"] * 2 + ["watching"] * 2


def test_a_server_that_died_is_begun_anew(names: Names) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    names.kill_server()
    names.do("ADD", two)
    assert lookup(two, "one") == names.addresses(one)
    names.kill_server()
    names.do("DEL", one)
    assert lookup(two, "two") == names.addresses(two)
    names.kill_server()
    names.do("DEL", two)
    assert names.is_clean()


def test_a_number_that_is_another_process_now_is_left_alone(names: Names) -> None:
    """The reference sends that one SIGHUP."""
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    names.kill_server()
    with subprocess.Popen(["sleep", "1000"]) as other:
        try:
            for verb, container in (("ADD", two), ("DEL", two), ("DEL", one)):
                (names.folder / "pidfile").write_text(f"{other.pid}\n")
                names.do(verb, container)
                assert other.poll() is None
                if verb == "ADD":
                    assert lookup(one, "two") == names.addresses(two)
                    names.kill_server()
        finally:
            other.terminate()
    assert names.is_clean()


@pytest.mark.parametrize("content", [None, b"", b"what\n", b"0\n", b"-1\n", b"99999999999999999999\n"])
def test_a_server_whose_number_is_lost_is_found(names: Names, content: bytes | None) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    path = names.folder / "pidfile"
    path.unlink() if content is None else path.write_bytes(content)
    names.do("ADD", two)
    assert names.servers() == [names.pid()]
    assert lookup(one, "two") == names.addresses(two)
    path.unlink() if content is None else path.write_bytes(content)
    for each in (one, two):
        names.do("DEL", each)
    assert names.is_clean()


def test_one_that_does_not_listen_to_reason_is_ended_by_force(names: Names) -> None:
    container = names.add_container("one")
    names.do("ADD", container)
    os.kill(names.pid(), signal.SIGSTOP)
    names.do("DEL", container)
    assert names.is_clean()


def test_another_domain_or_bridge_is_told_to_a_new_one(names: Names) -> None:
    one, two = names.add_container("one"), names.add_container("two")
    names.do("ADD", one)
    before = names.pid()
    names.do("ADD", two, domainName="example.net")
    assert names.servers() == [names.pid()] != [before]
    assert lookup(one, "two.example.net") == names.addresses(two)


def test_it_shares_nothing_with_its_caller(names: Names) -> None:
    container = names.add_container("one")
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    names.call_elsewhere(names.host, container, fds=(writing,), SECRET="x")
    os.close(writing)
    assert os.read(reading, 1) == b"", "nobody has the other end any more"
    os.close(reading)
    process = Path(f"/proc/{names.pid()}")
    assert {os.readlink(process / f"fd/{number}") for number in range(3)} == {"/dev/null"}
    assert (os.readlink(process / "cwd"), b"SECRET" in (process / "environ").read_bytes()) == ("/", False)
    assert os.getpgid(names.pid()) != os.getpgid(0)
    assert os.getsid(names.pid()) != os.getsid(0)


def test_a_container_of_a_host_that_is_gone_does_not_keep_the_others_from_names(names: Names) -> None:
    """As when the namespace of rootless podman was made anew."""
    one = names.add_container("one")
    names.do("ADD", one)
    before = names.pid()
    with_other = names.host.add_container()
    script = f"ip link add {BRIDGE} type bridge && ip address add 10.88.0.1/24 dev {BRIDGE} && ip link set {BRIDGE} up"
    with_other.sh("ip link set lo up")
    with_other.sh(f"sh -c '{script}'")
    two = names.add_container("two")
    names.call_elsewhere(with_other, two)
    assert names.servers() == [names.pid()] != [before]
    assert lookup(with_other, "two") == names.addresses(two)


def test_no_files_of_root_with_somebody_else(names: Names) -> None:
    os.chown(names.runtime, 65534, 65534)
    container = names.add_container("one")
    names.do("ADD", container)
    assert (names.files(), os.listdir("/run/containers/cni/dnsname")) == ([], ["mynet"])
    assert lookup(container, "one") == names.addresses(container)
    names.do("DEL", container)
    assert os.listdir("/run/containers/cni/dnsname") == []


# Upstream.

UPSTREAM = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 53))
print("ready", flush=True)
while True:
    data, peer = s.recvfrom(4096)
    end = data.index(b"\\0", 12) + 5
    with open(sys.argv[2], "ab") as log:
        log.write(data[12:end - 5] + b"\\n")
    kind = data[end - 4:end - 2]
    answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\1\\0\\4\\xc0\\0\\2\\x63" if kind == b"\\0\\1" else b""
    counts = b"\\0\\1" + (b"\\0\\1" if answer else b"\\0\\0") + b"\\0\\0\\0\\0"
    s.sendto(data[:2] + b"\\x81\\x80" + counts + data[12:end] + answer, peer)
"""


def test_what_is_not_of_the_network_is_asked_for_where_the_host_does(names: Names, tmp_path: Path) -> None:
    """Of its two servers the first is dead. What is of the domain, or has no dot, never gets there."""
    names.host.sh("ip address add 198.51.100.1/32 dev lo")
    names.host.sh("ip address add 198.51.100.2/32 dev lo")
    names.host.sh("iptables-nft -A INPUT -d 198.51.100.1 -j DROP")
    resolv, log = tmp_path / "resolv.conf", tmp_path / "asked"
    resolv.write_text("nameserver 198.51.100.1\nnameserver 198.51.100.2\n")
    line = ["nsenter", f"--net={names.host.path}", "python3", "-Ic", UPSTREAM, "198.51.100.2", str(log)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as upstream:
        try:
            assert upstream.stdout
            assert upstream.stdout.readline() == "ready\n"
            folder = tmp_path / "with-resolv"
            folder.mkdir()
            script = f"mount --bind {resolv} /etc/resolv.conf; exec {names.host.bin_dir}/dnsname"
            (folder / "dnsname").write_text(f"#!/bin/sh\nexec unshare -m sh -ec '{script}'\n")
            (folder / "dnsname").chmod(0o755)
            container = names.add_container("one")
            names.do("ADD", container, bin_dir=folder)
            for number in range(3):
                assert lookup(container, f"www{number}.example.com")[0] == "192.0.2.99"
            for name in (f"nobody.{DOMAIN}", "nobody"):
                assert lookup(container, name) == ["NXDOMAIN"]
        finally:
            upstream.kill()
    asked = log.read_bytes().lower()
    assert b"www2" in asked
    assert b"podman" not in asked
    assert b"nobody" not in asked
    assert "strict-order" not in (names.folder / "dnsmasq.conf").read_text()
