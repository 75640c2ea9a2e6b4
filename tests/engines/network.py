"""The network of these tests, where no engine writes its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

NETWORK = "pop"
BRIDGE = "cni7"
SUBNETS = ("10.77.0.0/16", "fd77::/64")
GATEWAYS = ("10.77.0.1", "fd77::1")
FIREWALL = {"type": "firewall", "backend": ""}
BANDWIDTH = {"type": "bandwidth", "capabilities": {"bandwidth": True}}


def write_network(folder: Path, version: str, *more: Mapping[str, object]) -> Path:
    """A masquerading bridge of both families, published ports, more plugins; the file."""
    ranges = [[{"subnet": subnet}] for subnet in SUBNETS]
    routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
    bridge = {"type": "bridge", "bridge": BRIDGE, "isGateway": True, "hairpinMode": True, "ipMasq": True}
    ipam = {"type": "host-local", "ranges": ranges, "routes": routes}
    portmap = {"type": "portmap", "capabilities": {"portMappings": True}}
    chain = [{**bridge, "ipam": ipam}, portmap, *more]
    path = folder / f"10-{NETWORK}.conflist"
    path.write_text(json.dumps({"cniVersion": version, "name": NETWORK, "plugins": chain}))
    return path
