"""Networks of macvlan, ipvlan and vlan: a link to be the master, on the host or in the container, and who is beyond it.

host or container  up0 ═══ eth0  machine 10.1.2.1, 2001:db8::1
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, lease_files

Conf = dict[str, Any]
Network = Callable[..., Conf]

MASTER = "up0"
GATEWAYS = ("10.1.2.1/24", "2001:db8::1/64")
V4, V6 = "10.1.2.0/24", "2001:db8::/64"
VLAN = 100
# Each plugin's own fields, beside `master`.
FIELDS: dict[str, Conf] = {"macvlan": {"mode": "bridge"}, "ipvlan": {}, "vlan": {"vlanId": VLAN}}
SIDES = {"host": False, "container": True, "absent": None}

everywhere = pytest.mark.parametrize("side", SIDES)


def facts(*rows: int) -> pytest.MarkDecorator:
    return pytest.mark.facts("plugins-main-ipam", *rows)


class Wire:
    """The link `up0`, in the namespace `where`, and the machine at its other end."""

    def __init__(self, host: Host, where: Container, vlan: int = 0) -> None:
        self.where = where
        self.machine = host.add_container()
        where.sh(f"ip link add {MASTER} type veth peer name eth0 netns {self.machine.id}")
        where.sh(f"ip link set {MASTER} up")
        self.machine.sh("ip link set eth0 up")
        end = f"eth0.{vlan}" if vlan else "eth0"
        if vlan:
            self.machine.sh(f"ip link add link eth0 name {end} type vlan id {vlan}")
            self.machine.sh(f"ip link set {end} up")
        for address in GATEWAYS:
            self.machine.sh(f"ip address add {address} dev {end} nodad")

    def lead_default_route(self) -> None:
        """The default route goes this way."""
        self.where.sh(f"ip route add default dev {MASTER}")


class Ground:
    """A host with a container, a network of one plugin with `leases`, and the wire where `side` has it."""

    def __init__(self, host: Host, leases: Path, plugin: str, side: str, vlan: int = 0) -> None:
        self.host = host
        self.leases = leases
        self.plugin = plugin
        self.side = side
        self.container = host.add_container()
        self.wire = Wire(host, self.container if side == "container" else host, vlan)

    def network(self, *subnets: str, version: str = "1.1.0", **fields: Any) -> Conf:
        """`network("10.1.2.0/24", mtu=1400)`; without a subnet it asks nobody for addresses."""
        conf = {"cniVersion": version, "name": "mynet", "type": self.plugin, "master": MASTER, **FIELDS[self.plugin]}
        if SIDES[self.side] is not None:
            conf["linkInContainer"] = SIDES[self.side]
        ranges = [[{"subnet": subnet}] for subnet in subnets]
        conf["ipam"] = {"type": "host-local", "dataDir": str(self.leases), "ranges": ranges} if subnets else {}
        conf |= fields
        return {key: value for key, value in conf.items() if value is not None}

    def is_clean(self) -> bool:
        """Nothing of the attachment is left."""
        ours = [MASTER] if self.side == "container" else []
        return (self.container.links(), lease_files(self.leases)) == (ours, [])

    def shown(self, link: str = "eth0") -> Conf:
        """The container's interface as ip(8) has it."""
        return self.container.json(f"-d link show dev {link}")[0]


@pytest.fixture
def side() -> str:
    """Where the master is, where a test does not care."""
    return "host"


@pytest.fixture
def ground(host: Host, leases: Path, plugin: str, side: str) -> Ground:
    """Who is beyond the wire of vlan is in VLAN 100, where the kernel has VLANs."""
    return Ground(host, leases, plugin, side, VLAN if plugin == "vlan" and "POPLIN_VM" in os.environ else 0)
