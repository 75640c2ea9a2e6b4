"""A network card, and configurations of host-device networks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from card import RECORDS, Card
from netlab import Host


@pytest.fixture
def card(host: Host) -> Card:
    """On a host that has nothing on record."""
    shutil.rmtree(RECORDS, ignore_errors=True)
    return Card(host)


@pytest.fixture
def network(leases: Path) -> Callable[..., dict[str, Any]]:
    """A network named mynet that gives ens1: `network("10.1.2.0/24")`; without subnets it has no IPAM."""

    def make(*subnets: str, version: str = "1.1.0", routes: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
        conf = {"cniVersion": version, "name": "mynet", "type": "host-device", "device": "ens1", **fields}
        if subnets:
            ranges = [[{"subnet": subnet}] for subnet in subnets]
            ipam = {"type": "host-local", "dataDir": str(leases), "ranges": ranges}
            conf["ipam"] = ipam | ({"routes": [{"dst": dst} for dst in routes]} if routes else {})
        return conf

    return make
