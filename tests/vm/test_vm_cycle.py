"""Every plugin does every verb on the oldest kernel we support, as a runtime would have it do them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, lease_files

from poplin.invoke.entry import PLUGINS

BRIDGE = {"type": "bridge", "bridge": "br0", "isDefaultGateway": True, "ipMasq": True, "macspoofchk": True}
PORTS = {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}
STATIC = {"type": "static", "addresses": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}]}


def host_local(leases: Path) -> dict[str, Any]:
    """Addresses of both families."""
    ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8::/64"}]]
    return {"type": "host-local", "dataDir": str(leases), "ranges": ranges}


# The chain of configurations that a plugin is used in; called is the plugin itself, an IPAM plugin by another one.
CHAINS: dict[str, Callable[[Path], list[dict[str, Any]]]] = {
    "bridge": lambda leases: [{**BRIDGE, "ipam": host_local(leases)}],
    "host-local": lambda leases: [{"type": "host-local", "ipam": host_local(leases)}],
    "loopback": lambda leases: [{"type": "loopback"}],
    "portmap": lambda leases: [
        {**BRIDGE, "ipam": host_local(leases)},
        {"type": "portmap", "runtimeConfig": PORTS},
    ],
    "ptp": lambda leases: [{"type": "ptp", "ipMasq": True, "ipam": host_local(leases)}],
    "static": lambda leases: [{"type": "static", "ipam": STATIC}],
}


def test_every_plugin_has_a_chain() -> None:
    assert CHAINS.keys() == PLUGINS.keys(), "say in CHAINS how the new plugin is used"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_full_cycle(host: Host, container: Container, leases: Path, plugin: str) -> None:
    chain = [{"cniVersion": "1.1.0", "name": "mynet", **conf} for conf in CHAINS[plugin](leases)]
    before = host.links(), container.links(), own_rules(host)
    here = {"containerID": container.id, "ifname": "eth0"}
    name = {"CNI_IFNAME": "lo"} if plugin == "loopback" else {}

    def each(command: str, **fields: Any) -> None:
        for conf in chain if command != "DEL" else reversed(chain):
            host.cni(command, {**conf, **fields}, container, environ=name)

    each("STATUS")
    result: dict[str, Any] = {}
    for conf in chain:
        result = host.cni("ADD", {**conf, **({"prevResult": result} if result else {})}, container, environ=name)
    each("CHECK", prevResult=result)
    each("GC", **{"cni.dev/valid-attachments": [here]})
    each("CHECK", prevResult=result)
    if container.has_link("eth0"):
        assert container.pings(result["ips"][0]["gateway"])
    each("DEL", prevResult=result)
    each("DEL", prevResult=result)
    each("GC", **{"cni.dev/valid-attachments": []})
    links, inside, rules = before
    assert ([link for link in host.links() if link != "br0"], container.links()) == (links, inside)
    assert (lease_files(leases), own_rules(host)) == ([], rules)


def own_rules(host: Host) -> list[str]:
    """The lines of the whole ruleset that bear an attachment's key."""
    return [line for line in host.sh("nft list ruleset").splitlines() if "mynet/" in line]
