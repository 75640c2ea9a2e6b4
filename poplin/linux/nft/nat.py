"""The sets and maps of `nat.nft`, by IP version."""

from __future__ import annotations

from poplin.linux.nft.elements import Set
from poplin.linux.nft.kinds import ADDRESS4, ADDRESS6, IFNAME, PORT, PROTOCOL
from poplin.linux.nft.skeleton import Skeleton

TABLE = "inet poplin"
NAT = Skeleton(TABLE, "nat", 1)

VERSIONS = ((4, ADDRESS4), (6, ADDRESS6))
MASQUERADED = {v: Set(TABLE, f"masq{v}", (ip,)) for v, ip in VERSIONS}
KEPT = {v: Set(TABLE, f"keep{v}", (ip, ip)) for v, ip in VERSIONS}

PUBLISHERS = Set(TABLE, "publishers", (IFNAME,))
HAIRPINS = {v: Set(TABLE, f"hairpin{v}", (ip, ip)) for v, ip in VERSIONS}
MASQUERADED_PORTS = {v: Set(TABLE, f"masqall{v}", (ip, PROTOCOL, PORT)) for v, ip in VERSIONS}


class PortMaps:
    """Published ports: on `every` address of the host, and on `one`. The maps under conditions have a suffix."""

    __slots__ = ("every", "one")

    def __init__(self, suffix: str = "") -> None:
        self.every = {v: Set(TABLE, f"ports{v}{suffix}", (PROTOCOL, PORT), (ip, PORT)) for v, ip in VERSIONS}
        self.one = {v: Set(TABLE, f"hostports{v}{suffix}", (ip, PROTOCOL, PORT), (ip, PORT)) for v, ip in VERSIONS}

    @property
    def all(self) -> list[Set]:
        """Every one of them."""
        return [*self.every.values(), *self.one.values()]
