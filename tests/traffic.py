"""Servers and callers in namespaces: who reaches whom, and as whom the server sees the caller."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from netlab import PATIENCE, Container, Host

# Answers each caller with the address it sees, over TCP (and SCTP, which speaks like it) or UDP.
SERVER = """\
import socket, sys
kind, port, family = sys.argv[1], int(sys.argv[2]), socket.AF_INET6 if ":" in sys.argv[3] else socket.AF_INET
sort, number = {"tcp": (1, 0), "udp": (2, 0), "sctp": (1, 132)}[kind]
server = socket.socket(family, sort, number)
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind((sys.argv[3], port))
if kind != "udp": server.listen()
print("ready", flush=True)
while True:
    if kind == "udp":
        data, caller = server.recvfrom(100)
        server.sendto((sys.argv[4] + caller[0]).encode(), caller)
    else:
        talk, caller = server.accept()
        talk.sendall((sys.argv[4] + caller[0]).encode())
        talk.close()
"""
# Milliseconds for an answer that should come, however busy the machine, and for one that should not.
HOPEFUL, DOUBTFUL = 20_000, 1_500
CALLER = """\
import socket, sys
kind, host, port, source, patience = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:])
sort, number = {"tcp": (1, 0), "udp": (2, 0), "sctp": (1, 132)}[kind]
caller = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, sort, number)
caller.settimeout(patience / 1000)
if source: caller.bind(("::" if ":" in host else "0.0.0.0", source))
caller.connect((host, port))
if kind == "udp": caller.send(b"?")
print(caller.recv(100).decode())
"""


@contextmanager
def serving(
    container: Container, port: int, protocol: str = "tcp", address: str = "0.0.0.0", name: str = ""
) -> Iterator[None]:
    """A server in the container while the block runs; it answers `name` and the caller's address."""
    command = [
        "nsenter",
        f"--net={container.path}",
        sys.executable,
        "-IS",
        "-c",
        SERVER,
        protocol,
        str(port),
        address,
        name,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.kill()


def call(
    caller: Container, address: str, port: int, protocol: str = "tcp", source: int = 0, patience: int = HOPEFUL
) -> str | None:
    """What a server at this address answers, None if nobody does while there is patience."""
    command = [
        "nsenter",
        f"--net={caller.path}",
        sys.executable,
        "-IS",
        "-c",
        CALLER,
        protocol,
        address,
        str(port),
        str(source),
        str(patience),
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def is_silent(caller: Container, address: str, port: int, protocol: str = "tcp", source: int = 0) -> bool:
    """Whether nobody answers at this address, as should be."""
    return call(caller, address, port, protocol, source, DOUBTFUL) is None


def add_outside(host: Host) -> Container:
    """A machine beyond the host: 192.0.2.2 and 2001:db8:f::2, where the host is .1 and ::1; it knows no way further."""
    outside = host.add_container()
    host.sh(f"ip link add up0 type veth peer name eth0 netns {outside.id}")
    for here, link, last in ((host, "up0", 1), (outside, "eth0", 2)):
        here.sh(f"ip address add 192.0.2.{last}/24 dev {link}")
        here.sh(f"ip address add 2001:db8:f::{last}/64 dev {link} nodad")
        here.sh(f"ip link set {link} up")
    return outside
