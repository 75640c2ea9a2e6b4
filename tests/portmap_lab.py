"""A bridge network whose containers publish ports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from firewall import elements
from netlab import Container, Host, Reply
from traffic import add_outside


class Publishing:
    """A host with a bridge network mynet (10.1.2.0/24, fd00::/64) and, beyond it, a machine `outside`."""

    def __init__(self, host: Host, leases: Path) -> None:
        self.host = host
        ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00::/64"}]]
        routes = [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]
        self.bridge = {
            "cniVersion": "1.1.0",
            "name": "mynet",
            "type": "bridge",
            "bridge": "br0",
            "isGateway": True,
            "hairpinMode": True,
            "ipMasq": True,
            "ipam": {"type": "host-local", "dataDir": str(leases), "ranges": ranges, "routes": routes},
        }
        self.results: dict[str, dict[str, Any]] = {}
        self.outside = add_outside(host)

    def add_container(self, **how: Any) -> Container:
        """A container on the network, with its own loopback."""
        container = self.host.add_container()
        container.sh("ip link set lo up")
        self.results[container.id] = self.host.cni("ADD", self.bridge, container, **how)
        return container

    def conf(self, container: Container | None, *ports: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """What portmap is given: prevResult of the container, these ports."""
        conf: dict[str, Any] = {"cniVersion": "1.1.0", "name": "mynet", "type": "portmap", **fields}
        if container:
            conf["prevResult"] = self.results[container.id]
        if ports:
            conf["runtimeConfig"] = {"portMappings": list(ports)}
        return conf

    def call(self, command: str, container: Container, *ports: dict[str, Any], **fields: Any) -> Reply:
        """One verb of portmap."""
        return self.host.call(command, self.conf(container, *ports, **fields), container)

    def publish(self, container: Container, *ports: dict[str, Any], **fields: Any) -> None:
        """ADD, which must succeed and pass prevResult on."""
        reply = self.call("ADD", container, *ports, **fields)
        assert (reply.status, reply.object, reply.errors) == (0, self.results[container.id], "")

    def elements(self) -> dict[str, list[str]]:
        """Those of the host's table inet poplin."""
        return elements(self.host)


def port(host_port: int, container_port: int, protocol: str = "tcp", host_ip: str = "") -> dict[str, Any]:
    """One of portMappings."""
    entry = {"hostPort": host_port, "containerPort": container_port, "protocol": protocol}
    return {**entry, "hostIP": host_ip} if host_ip else entry


@pytest.fixture
def publishing(host: Host, leases: Path) -> Publishing:
    """The network, without containers yet."""
    return Publishing(host, leases)
