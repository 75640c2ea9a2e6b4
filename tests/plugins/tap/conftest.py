"""Configurations of tap networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def network(leases: Path) -> Callable[..., dict[str, Any]]:
    """A network named mynet: `network("10.1.2.0/24", owner=0)`; without subnets it has no IPAM."""

    def make(*subnets: str, version: str = "1.1.0", routes: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
        conf: dict[str, Any] = {"cniVersion": version, "name": "mynet", "type": "tap", **fields}
        if subnets:
            ranges = [[{"subnet": subnet}] for subnet in subnets]
            ipam = {"type": "host-local", "dataDir": str(leases), "ranges": ranges}
            conf["ipam"] = ipam | ({"routes": [{"dst": dst} for dst in routes]} if routes else {})
        return conf

    return make
