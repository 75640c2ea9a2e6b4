"""The types of nftables that our sets are made of: how many bytes, how they are packed, how nft(8) prints them.

A value is what the rest of the code uses anyway: an `IP`, a port number, a protocol's name, the name of a link. In a
concatenation each field is padded to 4 bytes; addresses, ports and MACs are big-endian (nf_tables registers).
"""

from __future__ import annotations

from poplin.linux.wire.link import format_mac, parse_mac
from poplin.spec.address import IP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    Value = Any  # whatever the kind's `pack` takes

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132}  # linux/in.h
PROTOCOL_NAMES = {number: name for name, number in PROTOCOLS.items()}
IFNAMSIZ = 16  # linux/if.h


class Kind:
    """One type by its name in `nft describe`."""

    __slots__ = ("name", "pack", "quoted", "size", "unpack")

    def __init__(
        self, name: str, size: int, pack: Callable[[Value], bytes], unpack: Callable[[bytes], Value], quoted: str = ""
    ) -> None:
        self.name = name
        self.size = size
        self.pack = pack
        self.unpack = unpack
        self.quoted = quoted

    def format(self, value: Value) -> str:
        """As nft prints it."""
        return f"{self.quoted}{value}{self.quoted}"


ADDRESS4 = Kind("ipv4_addr", 4, lambda ip: ip.packed, lambda data: IP(32, int.from_bytes(data, "big")))
ADDRESS6 = Kind("ipv6_addr", 16, lambda ip: ip.packed, lambda data: IP(128, int.from_bytes(data, "big")))
PROTOCOL = Kind(
    "inet_proto", 1, lambda name: bytes([PROTOCOLS[name]]), lambda data: PROTOCOL_NAMES.get(data[0], str(data[0]))
)
PORT = Kind("inet_service", 2, lambda port: port.to_bytes(2, "big"), lambda data: int.from_bytes(data, "big"))
IFNAME = Kind(
    "ifname",
    IFNAMSIZ,
    lambda name: name.encode().ljust(IFNAMSIZ, b"\0"),
    lambda data: data.rstrip(b"\0").decode(errors="replace"),
    '"',
)
MAC = Kind("ether_addr", 6, parse_mac, format_mac)


def pack_fields(kinds: Sequence[Kind], values: Sequence[Value]) -> bytes:
    """The bytes of a value, or of a concatenation of values."""
    packed = [kind.pack(value) for kind, value in zip(kinds, values, strict=True)]
    return packed[0] if len(packed) == 1 else b"".join(data + bytes(-len(data) % 4) for data in packed)


def unpack_fields(kinds: Sequence[Kind], data: bytes) -> tuple[Value, ...]:
    """The values again."""
    values, at = [], 0
    for kind in kinds:
        values.append(kind.unpack(data[at : at + kind.size]))
        at += kind.size + 3 & ~3
    return tuple(values)


def format_fields(kinds: Sequence[Kind], values: Sequence[Value]) -> str:
    """`10.1.2.3 . 8080`."""
    return " . ".join(kind.format(value) for kind, value in zip(kinds, values, strict=True))
