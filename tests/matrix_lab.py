"""A machine on a network with a DHCP server, and a container that any interface plugin joins to it.

server        br0 192.168.1.1/24, dnsmasq ── lan        (and lan.5, where the kernel has VLANs)
                                              │
host                                         up0        master, device, or port of the bridge lan0
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dhcp_lab import BRIDGE, SERVER, Daemon, dnsmasq, make_network, wait_until
from netlab import REFERENCE, Container, Host, lease_files, result_ips, with_prev_result

Conf = dict[str, Any]

MASTER = {"master": "up0"}
PLUGINS: dict[str, Conf] = {
    "bridge": {"bridge": "lan0"},
    "dummy": {},
    "host-device": {"device": "up0"},
    "ipvlan": MASTER,
    "macvlan": MASTER,
    "ptp": {},
    "tap": {},
    "vlan": {**MASTER, "vlanId": 5},
}
ONLY_IN_VM = ("dummy", "ipvlan", "vlan")  # for want of their modules elsewhere
ALONE = ("dummy", "ptp", "tap")  # that reach no server: nothing is at the other end, or the host
IPAMS = ("host-local", "static", "dhcp", "reference")
NO_SERVER, REFUSED = 101, 7  # codes
# Of the daemon: it asks often for as long as a busy machine may need, or gives up soon where nobody can answer.
PATIENT = ("-timeout", "300ms", "-resendmax", "300ms", "-resendtimeout", "60s")
HASTY = ("-timeout", "300ms", "-resendmax", "300ms", "-resendtimeout", "1500ms")


class Lan:
    """One of each."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.daemon: Daemon | None = None
        self.server = host.add_container()
        make_network(self.server)  # type: ignore[arg-type]
        host.sh(f"ip link add up0 type veth peer name lan netns {self.server.path}")
        host.sh("ip link set up0 up")
        self.server.sh(f"ip link set lan up master {BRIDGE}")

    def prepare(self, plugin: str) -> Conf:
        """Have the network fit the plugin; its configuration."""
        if plugin == "bridge":
            self.host.sh("ip link add lan0 type bridge")
            self.host.sh("ip link set lan0 up")
            self.host.sh("ip link set up0 master lan0")
        if plugin == "vlan":
            self.server.sh("ip link add link lan name lan.5 type vlan id 5")
            self.server.sh("ip link set lan nomaster")
            self.server.sh(f"ip link set lan.5 up master {BRIDGE}")
        return {"cniVersion": "1.0.0", "name": "mynet", "type": plugin, **PLUGINS[plugin]}

    def make_ipam(self, kind: str) -> Conf:
        """The section of the configuration."""
        routes = [{"dst": "0.0.0.0/0"}]
        if kind == "static":
            addresses = [{"address": "192.168.1.77/24", "gateway": SERVER}]
            return {"type": "static", "addresses": addresses, "routes": routes}
        if kind == "dhcp":
            return {"type": "dhcp", "daemonSocketPath": str(self.folder / "dhcp.sock")}
        ranges = [[{"subnet": "192.168.1.0/24", "rangeStart": "192.168.1.100", "gateway": SERVER}]]
        return {"type": "host-local", "dataDir": str(self.folder / "networks"), "ranges": ranges, "routes": routes}

    def find_path(self, kind: str) -> str:
        """CNI_PATH: ours, or before it the reference's plugin for addresses."""
        if kind != "reference":
            return str(self.host.bin_dir)
        theirs = self.folder / "theirs"
        theirs.mkdir()
        (theirs / "host-local").symlink_to(REFERENCE / "host-local")
        return f"{theirs}:{self.host.bin_dir}"

    @property
    def leased(self) -> list[str]:
        """The addresses that somebody has, of the server or of files."""
        file = self.folder / "dnsmasq.leases"
        leases = [line.split()[2] for line in file.read_text().splitlines()] if file.exists() else []
        return leases + lease_files(self.folder / "networks")

    def wait_for_leased(self, expected: list[str]) -> None:
        """Until these are they: who gives an address back does not wait for the server."""
        wait_until(lambda: self.leased == expected, f"leased are {expected}, not {self.leased}")


ADDRESSES = {
    "host-local": "192.168.1.100/24",
    "static": "192.168.1.77/24",
    "dhcp": "192.168.1.5/24",
    "reference": "192.168.1.100/24",
}


@pytest.fixture
def lan(host: Host, tmp_path: Path) -> Iterator[Lan]:
    made = Lan(host, tmp_path)
    with dnsmasq(made.server, tmp_path, "192.168.1.5", "192.168.1.50"):  # type: ignore[arg-type]
        made.daemon = Daemon(host, tmp_path, *PATIENT)
        yield made
        made.daemon.stop()
        assert "Traceback" not in made.daemon.log, made.daemon.log


ATTACHED = 0  # where a refused ADD has a code


def foresee(plugin: str, kind: str) -> int:
    """ATTACHED, or the code of the error that ADD has to answer."""
    if kind != "dhcp" or plugin not in ALONE:
        return ATTACHED
    return REFUSED if plugin == "ptp" else NO_SERVER


def run_cycle(lan: Lan, container: Container, plugin: str, kind: str) -> int:
    """ADD, CHECK, DEL, and DEL again, with nothing left; ATTACHED, or the code of ADD's error."""
    host = lan.host
    conf = {**lan.prepare(plugin), "ipam": lan.make_ipam(kind)}
    environ = {"CNI_PATH": lan.find_path(kind)}
    before, leased = (host.links(), container.links()), lan.leased
    if foresee(plugin, kind) == NO_SERVER and lan.daemon:
        lan.daemon.flags = HASTY
        lan.daemon.restart()
    reply = host.call("ADD", conf, container, environ=environ)
    outcome = reply.code if reply.status else ATTACHED
    if outcome == ATTACHED:
        result = reply.object
        assert result_ips(result) == [ADDRESSES[kind]]
        assert container.addresses("eth0") == [ADDRESSES[kind]]
        assert f"default via {SERVER}" in container.routes()
        assert lan.leased == ([] if kind == "static" else [ADDRESSES[kind].partition("/")[0]])
        assert plugin in ALONE or container.pings(SERVER)
        host.cni("CHECK", with_prev_result(conf, result), container, environ=environ)
    for _ in range(2):
        host.cni("DEL", conf, container, environ=environ)
        assert (host.links(), container.links()) == before
        lan.wait_for_leased(leased)
    return outcome
