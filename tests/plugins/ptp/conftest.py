"""Configurations of ptp networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def ptp(leases: Path) -> Callable[..., dict[str, Any]]:
    """A network named mynet: `ptp("10.1.2.0/24", ipMasq=True)`, with addresses from host-local."""

    def make(*subnets: str, version: str = "1.1.0", routes: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
        ipam: dict[str, Any] = {"type": "host-local", "dataDir": str(leases)}
        ipam["ranges"] = [[{"subnet": subnet}] for subnet in subnets]
        if routes:
            ipam["routes"] = [{"dst": dst} for dst in routes]
        return {"cniVersion": version, "name": "mynet", "type": "ptp", "ipam": ipam, **fields}

    return make
