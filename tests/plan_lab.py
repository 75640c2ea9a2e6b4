"""A kernel in memory with a container `c1` and a link `up0` on both sides, to see what a plugin would have it do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from poplin.linux.fake.kernel import FakeKernel
from poplin.linux.wire.bridge import add_bridge
from poplin.linux.wire.link import parse_mac, set_link
from poplin.linux.wire.route import RouteEntry, add_route
from poplin.plugins.kit.skel import Answer, Plugin, answer
from poplin.spec.address import parse_prefix

CONTAINER = "/run/netns/c1"
MASTER, MASTER_MAC = "up0", "02:00:00:00:00:09"


class Stage:
    """The kernel, and the plugin that is to work on it; up0 is up, has an MTU of 1400 and no default route."""

    def __init__(self, plugin: Plugin, bin_dir: Path) -> None:
        self.kernel = FakeKernel([CONTAINER])
        self.container = self.kernel.open(CONTAINER)
        self.plugin = plugin
        self.environ = {"CNI_CONTAINERID": "c1", "CNI_NETNS": CONTAINER, "CNI_IFNAME": "eth0", "CNI_PATH": str(bin_dir)}
        for each in (self.kernel.host, self.container):
            each.rtnl.apply(add_bridge(MASTER, parse_mac(MASTER_MAC), mtu=1400), set_link(MASTER, up=True))

    def lead_default_route(self) -> None:
        """The host's default route goes by up0."""
        rtnl = self.kernel.host.rtnl
        rtnl.apply(add_route(MASTER, RouteEntry(parse_prefix("0.0.0.0/0"), rtnl.get_link(MASTER).index)))

    def call(self, command: str, conf: dict[str, Any]) -> Answer:
        """The answer to one verb; the log begins anew."""
        self.kernel.log.clear()
        read = json.dumps(conf).encode
        return answer(self.plugin, {**self.environ, "CNI_COMMAND": command}, read, self.kernel)

    def perform(self, command: str, conf: dict[str, Any]) -> list[str]:
        """The log of a verb that must succeed."""
        reply = self.call(command, conf)
        assert reply.status == 0, reply.output
        return list(self.kernel.log)

    def refuse(self, command: str, conf: dict[str, Any]) -> dict[str, Any]:
        """The error of a verb that must fail."""
        reply = self.call(command, conf)
        assert reply.status == 1, reply.output
        error: dict[str, Any] = json.loads(reply.output)
        return error

    def result(self, conf: dict[str, Any]) -> dict[str, Any]:
        """The result of ADD."""
        reply = self.call("ADD", conf)
        assert reply.status == 0, reply.output
        result: dict[str, Any] = json.loads(reply.output)
        return result

    def links(self) -> list[str]:
        """The links of the container but lo and up0."""
        return [each.name for each in self.container.rtnl.list_links() if each.name not in ("lo", MASTER)]


def host_local(leases: Path, *subnets: str, **fields: Any) -> dict[str, Any]:
    """An `ipam` section."""
    return {
        "type": "host-local",
        "dataDir": str(leases),
        "ranges": [[{"subnet": subnet}] for subnet in subnets],
        **fields,
    }
