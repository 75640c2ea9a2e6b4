"""Configurations of bridge networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

V4, V6, V6_TOO = "10.1.2.0/24", "2001:db8::/64", "192:168:1::/64"


@pytest.fixture
def network(leases: Path) -> Callable[..., dict[str, Any]]:
    """A network named mynet on br0: `network("10.1.2.0/24", isGateway=True)`; without subnets it has no IPAM."""

    def make(*subnets: str, version: str = "1.1.0", routes: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
        conf = {"cniVersion": version, "name": "mynet", "type": "bridge", "bridge": "br0", **fields}
        if subnets:
            ranges = [[{"subnet": subnet}] for subnet in subnets]
            ipam = {"type": "host-local", "dataDir": str(leases), "ranges": ranges}
            conf["ipam"] = ipam | ({"routes": [{"dst": dst} for dst in routes]} if routes else {})
        return conf

    return make
