"""A preview of a network with VLANs, done by hand on a kernel that has them."""

from __future__ import annotations

from typing import Any

import pytest
from preview_lab import Rehearsed, container, known_result, network, rehearsed

__all__ = ["rehearsed"]

PORTS = {
    "tagged and native": {"vlan": 100, "vlanTrunk": [{"minID": 200, "maxID": 210}]},
    "trunk alone": {"vlanTrunk": [{"id": 101}], "preserveDefaultVlan": True},
}


def told(host: Rehearsed) -> set[str]:
    """All there is, and the VLANs of every port."""
    return host.state() | set(host.sh("bridge -o vlan show").splitlines())


@pytest.mark.parametrize("fields", PORTS.values(), ids=PORTS)
def test_vlans_by_hand_are_those_of_the_plugin(rehearsed: Rehearsed, fields: dict[str, Any]) -> None:
    ipam = {"type": "host-local", "dataDir": str(rehearsed.leases), "subnet": "10.1.2.0/24"}
    wanted = network({"type": "bridge", "bridge": "br0", "isGateway": True, "ipam": ipam, **fields})
    preview = rehearsed.preview("ADD", wanted, container())
    rehearsed.replay(preview.steps)
    by_hand = told(rehearsed)
    rehearsed.replay(rehearsed.preview("DEL", wanted, container()).steps)
    after = told(rehearsed)
    rehearsed.again()
    assert known_result(preview) == rehearsed.do("ADD", wanted, container())
    assert by_hand ^ told(rehearsed) == set()
    rehearsed.do("DEL", wanted, container())
    assert after ^ told(rehearsed) == set()
