"""portmap: published SCTP ports, which the usual kernel does not know."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from netlab import INTERPRETER, PATIENCE, Container, Host

HOST_ADDRESS = "192.0.2.1"
OUTSIDE_ADDRESS = "192.0.2.2"
SERVER = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
server.bind(("0.0.0.0", 80))
server.listen()
print("ready", flush=True)
while True:
    connection, (address, port) = server.accept()
    connection.sendall(address.encode())
    connection.close()
"""
CLIENT = """
import socket, sys
client = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_SCTP)
client.settimeout(60)
try:
    client.connect((sys.argv[1], 8080))
    print(client.recv(100).decode())
except OSError as error:
    print(type(error).__name__)
"""


def inside(where: Container, code: str, *arguments: str) -> list[str]:
    """A Python program in a namespace."""
    return ["nsenter", f"--net={where.path}", INTERPRETER, "-I", "-S", "-c", code, *arguments]


def call(where: Container, address: str) -> str:
    """Who the server says is calling, or what kept the client from it."""
    done = subprocess.run(inside(where, CLIENT, address), capture_output=True, text=True, timeout=PATIENCE, check=True)
    return done.stdout.strip()


@pytest.fixture
def outside(host: Host) -> Container:
    """A machine beside the host, on a network of its own."""
    machine = host.add_container()
    host.sh(f"ip link add up0 type veth peer name eth0 netns {machine.id}")
    host.sh(f"ip address add {HOST_ADDRESS}/24 dev up0")
    host.sh("ip link set up0 up")
    machine.sh(f"ip address add {OUTSIDE_ADDRESS}/24 dev eth0")
    machine.sh("ip link set eth0 up")
    return machine


def test_a_published_sctp_port(
    host: Host, container: Container, outside: Container, network: Callable[..., dict[str, Any]]
) -> None:
    bridge = network("10.1.2.0/24", isDefaultGateway=True, ipMasq=True)
    ports = [{"hostPort": 8080, "containerPort": 80, "protocol": "sctp"}]
    portmap = {**bridge, "type": "portmap", "runtimeConfig": {"portMappings": ports}}
    other = host.add_container()
    host.cni("ADD", bridge, other)
    result = host.cni("ADD", bridge, container)
    host.cni("ADD", {**portmap, "prevResult": result}, container)
    host.cni("CHECK", {**portmap, "prevResult": result}, container)
    with subprocess.Popen(inside(container, SERVER), stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None and server.stdout.readline() == "ready\n"
            assert call(outside, HOST_ADDRESS) == OUTSIDE_ADDRESS
            assert call(host, HOST_ADDRESS) == HOST_ADDRESS
            assert call(other, HOST_ADDRESS) != "TimeoutError"
            host.cni("DEL", {**portmap, "prevResult": result}, container)
            assert call(outside, HOST_ADDRESS) == "ConnectionRefusedError"
        finally:
            server.kill()
