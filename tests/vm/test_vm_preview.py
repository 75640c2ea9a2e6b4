"""A preview of a network with VLANs, done by hand on a kernel that has them."""

from __future__ import annotations

from typing import Any

import pytest
from preview_lab import Rehearsed, container, known_result, network, rehearsed

from poplin.runtime import NetworkList

__all__ = ["rehearsed"]

UPLINK = (
    "ip link add up0 mtu 1400 type veth peer name up1 && ip link set up0 up && ip link set up1 up && "
    "ip address add 192.0.2.1/24 dev up0 && ip route add default via 192.0.2.2"
)
PORTS = {
    "tagged and native": {"vlan": 100, "vlanTrunk": [{"minID": 200, "maxID": 210}]},
    "trunk alone": {"vlanTrunk": [{"id": 101}], "preserveDefaultVlan": True},
}


DEVICES = {
    "dummy": {},
    "ipvlan": {"master": "up0", "mode": "l3", "mtu": 1300},
    "vlan": {"master": "up0", "vlanId": 100},
}


def told(host: Rehearsed) -> set[str]:
    """All there is, and the VLANs of every port."""
    return host.state() | set(host.sh("bridge -o vlan show").splitlines())


@pytest.mark.parametrize("fields", PORTS.values(), ids=PORTS)
def test_vlans_by_hand_are_those_of_the_plugin(rehearsed: Rehearsed, fields: dict[str, Any]) -> None:
    ipam = {"type": "host-local", "dataDir": str(rehearsed.leases), "subnet": "10.1.2.0/24"}
    wanted = network({"type": "bridge", "bridge": "br0", "isGateway": True, "ipam": ipam, **fields})
    assert_same_by_hand(rehearsed, wanted)


@pytest.mark.parametrize("name", DEVICES)
def test_devices_by_hand_are_those_of_the_plugin(rehearsed: Rehearsed, name: str) -> None:
    ipam = {"type": "host-local", "dataDir": str(rehearsed.leases), "subnet": "10.1.2.0/24"}
    wanted = network({"type": name, "ipam": ipam, **DEVICES[name]})
    assert_same_by_hand(rehearsed, wanted, UPLINK)


def test_a_vrf_by_hand_is_that_of_the_plugin(rehearsed: Rehearsed) -> None:
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]]
    ipam = {"type": "host-local", "dataDir": str(rehearsed.leases), "ranges": ranges}
    bridge = {"type": "bridge", "bridge": "br0", "isDefaultGateway": True, "ipam": ipam}
    assert_same_by_hand(rehearsed, network(bridge, {"type": "vrf", "vrfname": "red"}))


def assert_same_by_hand(rehearsed: Rehearsed, wanted: NetworkList, before: str = "true") -> None:
    """Preview, by hand, for real: ADD and DEL leave the same; `before` is done on each new host."""
    rehearsed.sh(before)
    preview = rehearsed.preview("ADD", wanted, container())
    rehearsed.replay(preview.steps)
    by_hand = told(rehearsed)
    rehearsed.replay(rehearsed.preview("DEL", wanted, container()).steps)
    after = told(rehearsed)
    rehearsed.again()
    rehearsed.sh(before)
    assert known_result(preview) == rehearsed.do("ADD", wanted, container())
    assert by_hand ^ told(rehearsed) == set()
    rehearsed.do("DEL", wanted, container())
    assert after ^ told(rehearsed) == set()
