"""A network namespace that stands for a container, under a name as ip(8) gives one, and the interface in it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from poplin.conformance.room import MS_BIND, hasten_addresses
from poplin.linux.netns import OWN, Namespace
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.runtime.foreground import call, libc
from poplin.runtime.sandbox import CLONE_NEWNET
from poplin.spec.address import parse_prefix
from poplin.spec.versions import NEWEST

FOLDER = "/run/netns"
MNT_DETACH = 2
GATEWAY = "10.222.0.1"  # of containers that somebody else has wired
DNS = {"nameservers": ["192.0.2.53"], "domain": "conformance.test", "search": ["conformance.test"]}


@dataclass
class Container:
    """`config` is what the plugin gets for it; `before` the result of those before the plugin, `result` of its ADD;
    `empty` what is inside before all of them. `owner` is the number of the container whose second interface it is."""

    number: int
    ifname: str
    config: Mapping[str, Any] = field(default_factory=dict)
    before: Mapping[str, Any] | None = None
    result: Mapping[str, Any] | None = None
    empty: Counter[str] = field(default_factory=Counter)
    owner: int = 0

    @property
    def id(self) -> str:
        """Its container ID, one that is nowhere by chance."""
        return f"conformance-{self.owner or self.number}"

    @property
    def netns(self) -> str:
        """The path of its namespace."""
        return f"{FOLDER}/{self.id}"

    def make(self) -> None:
        """Raises OSError."""
        with open(self.netns, "x"), ThreadPoolExecutor(1) as pool:
            pool.submit(make_namespace, self.netns).result()

    def remove(self) -> None:
        """Take the namespace away, as a runtime does that was in a hurry."""
        with suppress(OSError):
            call(libc.umount2, self.netns.encode(), MNT_DETACH)
        with suppress(FileNotFoundError):
            os.unlink(self.netns)

    def wire(self) -> None:
        """What a plugin before this one would have made: an interface with an address, and its result."""
        outer, address = f"wire{self.number}", f"10.222.0.{self.number}/24"
        with Namespace() as host, Namespace(self.netns) as inside:
            host.rtnl.apply(add_veth(outer, self.ifname, inside.fd), set_link(outer, up=True))
            inside.rtnl.apply(set_link(self.ifname, up=True))
            link, far = inside.rtnl.get_link(self.ifname), host.rtnl.get_link(outer)
            inside.rtnl.apply(add_address(self.ifname, link.index, parse_prefix(address)))
            host.rtnl.ensure(add_address(outer, far.index, parse_prefix(f"{GATEWAY}/32")))
        self.before = {
            "cniVersion": NEWEST,
            "interfaces": [
                {"name": outer, "mac": far.mac},
                {"name": self.ifname, "mac": link.mac, "sandbox": self.netns},
            ],
            "ips": [{"address": address, "gateway": GATEWAY, "interface": 1}],
            "routes": [{"dst": "198.51.100.0/24", "gw": GATEWAY}],
            "dns": DNS,
        }


def make_namespace(path: str) -> None:
    """In a thread that is used for nothing else: a namespace, which the path leads to."""
    call(libc.unshare, CLONE_NEWNET)
    hasten_addresses()
    call(libc.mount, OWN.encode(), path.encode(), None, MS_BIND, None)
