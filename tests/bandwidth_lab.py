"""A bridge network whose containers are limited, and what tc(8) says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from netlab import Container, Host, Reply

LIMITS = ("ingressRate", "ingressBurst", "egressRate", "egressBurst")
SLOW = {"ingressRate": 8000, "ingressBurst": 80}  # 1000 bytes/s, of which 10 bytes at once
BOTH = {"ingressRate": 10**7, "ingressBurst": 10**6, "egressRate": 2 * 10**7, "egressBurst": 10**6}


class Limiting:
    """A host with a bridge network mynet (10.1.2.0/24, fd00::/64)."""

    def __init__(self, host: Host, leases: Path) -> None:
        self.host = host
        ranges = [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00::/64"}]]
        self.bridge = {
            "cniVersion": "1.1.0",
            "name": "mynet",
            "type": "bridge",
            "bridge": "br0",
            "isGateway": True,
            "ipam": {"type": "host-local", "dataDir": str(leases), "ranges": ranges},
        }
        self.results: dict[str, dict[str, Any]] = {}

    def add_container(self, **how: Any) -> Container:
        """A container on the network."""
        container = self.host.add_container()
        self.results[container.id] = self.host.cni("ADD", self.bridge, container, **how)
        return container

    def conf(self, container: Container | None, **fields: Any) -> dict[str, Any]:
        """What bandwidth is given: prevResult of the container, and these fields."""
        conf: dict[str, Any] = {"cniVersion": "1.1.0", "name": "mynet", "type": "bandwidth", **fields}
        return conf | ({"prevResult": self.results[container.id]} if container else {})

    def call(self, command: str, container: Container, how: dict[str, Any] | None = None, **fields: Any) -> Reply:
        """One verb of bandwidth."""
        return self.host.call(command, self.conf(container, **fields), container, **(how or {}))

    def limit(self, container: Container, how: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
        """The result of ADD, which must succeed."""
        reply = self.call("ADD", container, how, **fields)
        assert (reply.status, reply.errors) == (0, ""), reply
        return reply.object

    def outer(self, container: Container) -> str:
        """The host's end of the container's link."""
        return str(self.results[container.id]["interfaces"][1]["name"])

    def qdiscs(self, link: str) -> dict[str, dict[str, Any]]:
        """The disciplines of a link by kind, those apart that every link has."""
        told = json.loads(self.host.sh(f"tc -j qdisc show dev {link}"))
        return {each["kind"]: each.get("options", {}) for each in told if each["kind"] != "noqueue"}

    def classes(self, link: str) -> list[str]:
        """The classes of a link."""
        return self.host.sh(f"tc class show dev {link}").splitlines()

    def redirects(self, link: str) -> list[str]:
        """Where what comes in at a link goes."""
        return find_devices(json.loads(self.host.sh(f"tc -j filter show dev {link} ingress")))

    def ifbs(self) -> list[str]:
        """The intermediate devices."""
        return [each["ifname"] for each in self.host.json("link show type ifb")]

    def traces(self, container: Container) -> list[str]:
        """What is limited of a container, in words."""
        outer = self.outer(container)
        found = [f"{kind} at {outer}" for kind in self.qdiscs(outer)] if self.host.has_link(outer) else []
        return found + self.ifbs()


def find_devices(filters: list[dict[str, Any]]) -> list[str]:
    """The links to which filters redirect."""
    actions = [each for told in filters for each in told.get("options", {}).get("actions", [])]
    return [each["to_dev"] for each in actions if each["kind"] == "mirred"]


@pytest.fixture
def limiting(host: Host, leases: Path) -> Limiting:
    """The network, without containers yet."""
    return Limiting(host, leases)
