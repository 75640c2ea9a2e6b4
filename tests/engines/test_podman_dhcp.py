"""podman's macvlan networks without a subnet: addresses come from a DHCP server, by way of our daemon."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from dhcp_lab import wait_until
from engines.inside import peer
from engines.podman import Podman
from netlab import PATIENCE, Container, Host

NAME = "lan"
OUTSIDE = "192.0.2.2"
FIRST, LAST = 100, 110
SOCKET = Path("/run/cni/dhcp.sock")


@pytest.fixture
def server(outside: Container, tmp_path: Path) -> Iterator[Path]:
    """dnsmasq beyond the host; the file of its leases."""
    leases = tmp_path / "dnsmasq.leases"
    command = ["dnsmasq", "--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=eth0", "--bind-interfaces"]
    command += [f"--dhcp-range=192.0.2.{FIRST},192.0.2.{LAST},1h", f"--dhcp-leasefile={leases}", "--no-ping"]
    command += ["--dhcp-authoritative", "--dhcp-option=option:router,192.0.2.2", "--user=root", "--pid-file="]
    inside = ["nsenter", f"--net={outside.path}", *command]
    with subprocess.Popen(inside, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(leases.exists, "dnsmasq has a file")
            yield leases
        finally:
            process.terminate()


@pytest.fixture
def daemon(podman: Podman) -> Iterator[subprocess.Popen[bytes]]:
    """`poplin dhcp daemon` on the host, by the executable that is the plugin."""
    command = ["nsenter", f"--net={podman.host.path}", str(podman.plugins / "dhcp"), "daemon"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=podman.environ) as process:
        try:
            wait_until(SOCKET.exists, "the daemon listens")
            yield process
        finally:
            process.terminate()
        assert process.wait(PATIENCE) == 0


def test_macvlan_of_podman_has_its_address_from_the_server(
    podman: Podman, host: Host, outside: Container, server: Path, daemon: subprocess.Popen[bytes]
) -> None:
    podman.create(NAME, "--driver=macvlan", "--opt=parent=up0")
    before = podman.state()
    container = podman.start(network=NAME)
    inside = podman.inside(container)
    (address,) = podman.get_addresses(NAME, container)
    assert address in [f"192.0.2.{last}" for last in range(FIRST, LAST + 1)]
    assert inside.addresses("eth0") == [f"{address}/24"]
    assert peer(outside, inside, OUTSIDE) == address
    assert peer(inside, outside, address) == OUTSIDE
    assert address in server.read_text()
    podman("rm", "-f", "-t0", container)
    wait_until(lambda: address not in server.read_text(), "the lease is given back")
    assert podman.changes(before) == {}
