"""A host with bridge networks whose containers pass the firewall, and what others make of the host's own."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from firewall import elements, nft
from netlab import PATIENCE, Container, Host, Reply
from traffic import add_outside

Conf = dict[str, Any]
OUTSIDE4, OUTSIDE6 = "192.0.2.2", "2001:db8:f::2"
MARKED = "-m mark --mark 0x10000000/0x10000000"
COMMENT = '-m comment --comment "Poplin: accepted by table inet poplin"'
RULE = f"{MARKED} {COMMENT} -j ACCEPT"
NOBODY = "unix:path=/nonexistent/bus"  # where there is no bus
TOOLS = {4: "iptables", 6: "ip6tables"}


class Guarded:
    """A host with the networks foo (10.1.2.0/24, fd00::/64), bar (10.1.3.0/24) and a machine `outside`."""

    def __init__(self, host: Host, leases: Path) -> None:
        self.host = host
        self.leases = leases
        self.results: dict[str, Conf] = {}
        self.networks: dict[str, str] = {}
        self.outside = add_outside(host)
        self.outside.sh("ip route add 10.1.0.0/16 via 192.0.2.1")
        self.outside.sh("ip -6 route add fd00::/16 via 2001:db8:f::1")
        self.environ = {"DBUS_SYSTEM_BUS_ADDRESS": NOBODY}

    def bridge(self, network: str) -> Conf:
        """The plugin before."""
        subnets = {"foo": ("10.1.2.0/24", "fd00::/64"), "bar": ("10.1.3.0/24",)}[network]
        routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}][: len(subnets)]
        ranges = [[{"subnet": each}] for each in subnets]
        ipam = {"type": "host-local", "dataDir": str(self.leases), "ranges": ranges, "routes": routes}
        return {
            "cniVersion": "1.1.0",
            "name": network,
            "type": "bridge",
            "bridge": f"{network}0",
            "isGateway": True,
            "ipam": ipam,
        }

    def add_container(self, network: str = "foo") -> Container:
        """A container that the bridge has attached, and nothing let through yet."""
        container = self.host.add_container()
        self.networks[container.id] = network
        self.results[container.id] = self.host.cni("ADD", self.bridge(network), container)
        return container

    def detach(self, container: Container) -> None:
        """The bridge's DEL."""
        self.host.cni("DEL", self.bridge(self.networks[container.id]), container)

    def conf(self, container: Container | None, **fields: Any) -> Conf:
        """What firewall is given."""
        conf = {"cniVersion": "1.1.0", "name": "foo", "type": "firewall", **fields}
        if container:
            conf = {"name": self.networks[container.id], "prevResult": self.results[container.id]}
            conf = {"cniVersion": "1.1.0", "type": "firewall", **conf, **fields}
        return conf

    def call(self, command: str, container: Container, **fields: Any) -> Reply:
        """One verb of firewall."""
        return self.host.call(command, self.conf(container, **fields), container, environ=self.environ)

    def admit(self, container: Container, **fields: Any) -> None:
        """ADD, which must succeed and pass prevResult on."""
        reply = self.call("ADD", container, **fields)
        assert (reply.status, reply.errors) == (0, ""), reply
        assert reply.object == self.results[container.id]

    def expel(self, container: Container, **fields: Any) -> None:
        """DEL, which must succeed."""
        reply = self.call("DEL", container, **fields)
        assert (reply.status, reply.output, reply.errors) == (0, "", ""), reply

    def add(self, network: str = "foo", **fields: Any) -> Container:
        """A container that is let through."""
        container = self.add_container(network)
        self.admit(container, **fields)
        return container

    def collect(self, network: str, *valid: Container, **fields: Any) -> None:
        """GC of a network of which these are still there."""
        listed = [{"containerID": each.id, "ifname": "eth0"} for each in valid]
        conf = {**self.conf(None, **fields), "name": network, "cni.dev/valid-attachments": listed}
        reply = self.host.call("GC", conf, environ=self.environ)
        assert (reply.status, reply.output, reply.errors) == (0, "", ""), reply

    def address(self, container: Container, version: int = 4) -> str:
        """The container's, as its ADD told."""
        ips = [item["address"].partition("/")[0] for item in self.results[container.id]["ips"]]
        return next(each for each in ips if (":" in each) == (version == 6))

    def elements(self) -> dict[str, list[str]]:
        """Those of the host's table inet poplin."""
        return elements(self.host)

    def ports(self) -> dict[str, list[str]]:
        """Those of its table bridge poplin."""
        return elements(self.host, "bridge")

    def nft(self, command: str) -> str:
        """What nft prints."""
        return nft(self.host, command)


class Iptables:
    """What iptables of one kind has on a host, for both IP versions."""

    def __init__(self, host: Host, kind: str) -> None:
        self.host = host
        self.kind = kind

    def run(self, arguments: str, versions: tuple[int, ...] = (4, 6)) -> None:
        """Edit the filter table."""
        for version in versions:
            self.host.sh(f"{TOOLS[version]}-{self.kind} -w {arguments}")

    def chain(self, name: str, version: int = 4) -> list[str]:
        """The rules of a chain, without `-A NAME`."""
        lines = self.host.sh(f"{TOOLS[version]}-{self.kind}-save -t filter").splitlines()
        return [line.removeprefix(f"-A {name} ") for line in lines if line.startswith(f"-A {name} ")]

    def ours(self, version: int = 4) -> list[str]:
        """Every rule that bears our name."""
        lines = self.host.sh(f"{TOOLS[version]}-{self.kind}-save -t filter").splitlines()
        return [line for line in lines if "Poplin" in line]

    def be_docker(self) -> None:
        """As Docker leaves it: a policy, a chain for its users, and chains that keep its own bridges apart."""
        self.run("-P FORWARD DROP")
        for chain in ("DOCKER", "DOCKER-ISOLATION-STAGE-1", "DOCKER-ISOLATION-STAGE-2", "DOCKER-USER"):
            self.run(f"-N {chain}")
        self.run("-A FORWARD -j DOCKER-USER")
        self.run("-A FORWARD -j DOCKER-ISOLATION-STAGE-1")
        self.run("-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT")
        self.run("-A FORWARD -o docker0 -j DOCKER")
        self.run("-A FORWARD -i docker0 ! -o docker0 -j ACCEPT")
        self.run("-A FORWARD -i docker0 -o docker0 -j ACCEPT")
        self.run("-A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2")
        self.run("-A DOCKER-ISOLATION-STAGE-1 -j RETURN")
        self.run("-A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP")
        self.run("-A DOCKER-ISOLATION-STAGE-2 -j RETURN")
        self.run("-A DOCKER-USER -j RETURN")


def reaches(caller: Container, address: str) -> bool:
    """Whether a machine answers; the first packets may be lost while neighbours are looked for."""
    return pings(caller, f"-i0.2 -w20 {address}")


def answers(caller: Container, address: str) -> bool:
    """Whether a machine answers, where it may well not: half a second."""
    return pings(caller, f"-W0.5 {address}")


def pings(caller: Container, arguments: str) -> bool:
    """Whether there is one answer."""
    command = ["nsenter", f"--net={caller.path}", *shlex.split(f"ping -n -c1 {arguments}")]
    return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 0


def rules_of(host: Host, chain: str, table: str = "inet poplin") -> list[dict[str, Any]]:
    """The rules of one of nft's chains."""
    listed = json.loads(nft(host, f"-j list chain {table} {chain}") or '{"nftables": []}')["nftables"]
    return [item["rule"] for item in listed if "rule" in item]


@pytest.fixture
def guarded(host: Host, leases: Path) -> Guarded:
    """The host, without containers yet."""
    return Guarded(host, leases)
