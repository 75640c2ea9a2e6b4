"""Addresses of links (RTM_*ADDR, linux/if_addr.h).

ifaddrmsg  u8 family, u8 prefixlen, u8 flags, u8 scope, i32 index
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    Struct,
    attribute,
    u32_attribute,
    unpack_attributes,
    unpack_u32,
)
from poplin.spec.address import IP, Prefix
from poplin.spec.record import Record

RTM_DELADDR = 21
RTM_GETADDR = 22
RTM_NEWADDR = 20

IFA_ADDRESS = 1
IFA_BROADCAST = 4
IFA_FLAGS = 8
IFA_F_DADFAILED = 0x08
IFA_F_NODAD = 0x02
IFA_F_NOPREFIXROUTE = 0x200
IFA_F_TENTATIVE = 0x40
IFA_LOCAL = 2
RT_SCOPE_UNIVERSE = 0

INFO = Struct("=BBBBi")


class Address(Record):
    """One address of a link; `flags` are IFA_F_*."""

    __slots__ = ("flags", "index", "prefix", "scope")

    def __init__(self, index: int, prefix: Prefix, scope: int = 0, flags: int = 0) -> None:
        self.index = index
        self.prefix = prefix
        self.scope = scope
        self.flags = flags

    @property
    def is_global(self) -> bool:
        """Whether it is more than link-local or loopback."""
        return self.scope == RT_SCOPE_UNIVERSE


def unpack_address(body: bytes) -> Address:
    """The record for the body of an RTM_NEWADDR."""
    _, length, flags, scope, index = INFO.unpack_from(body)
    attributes = unpack_attributes(body[INFO.size :])
    # on a point-to-point link ADDRESS is the peer and LOCAL is ours; IPv6 has no LOCAL elsewhere
    octets = attributes.get(IFA_LOCAL) or attributes[IFA_ADDRESS]
    flags = unpack_u32(attributes.get(IFA_FLAGS), flags)
    return Address(index, Prefix(IP(len(octets) * 8, int.from_bytes(octets, "big")), length), scope, flags)


def list_addresses(index: int, family: int = 0) -> Request:
    """As `ip address show dev INDEX`; index 0 means every link."""
    body = INFO.pack(family, 0, 0, 0, index)
    return Request(RTM_GETADDR, 0, body, "ip address show" + (f" index {index}" if index else ""))


def add_address(name: str, index: int, prefix: Prefix, *, dad: bool = False, prefix_route: bool = True) -> Request:
    """As `ip address add PREFIX dev NAME [nodad] [noprefixroute]`; EEXIST if it is there.

    IPv6 duplicate detection is off unless asked for: who allocates addresses knows them to be free, and it takes
    more than a second. Without `prefix_route` the kernel makes no route to the address' network.
    """
    octets = prefix.ip.packed
    body = INFO.pack(prefix.ip.family, prefix.length, 0, RT_SCOPE_UNIVERSE, index)
    body += attribute(IFA_LOCAL, octets) + attribute(IFA_ADDRESS, octets)
    text = f"ip address add {prefix} dev {name}"
    flags = 0
    if prefix.ip.version == 6 and not dad:
        flags |= IFA_F_NODAD
        text += " nodad"
    if not prefix_route:
        flags |= IFA_F_NOPREFIXROUTE
        text += " noprefixroute"
    if flags:
        body += u32_attribute(IFA_FLAGS, flags)
    if prefix.ip.version == 4 and prefix.length < 31:
        body += attribute(IFA_BROADCAST, prefix.last.packed)
        text += f" broadcast {prefix.last}"
    return Request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body, text)


def delete_address(name: str, index: int, prefix: Prefix) -> Request:
    """As `ip address delete PREFIX dev NAME`."""
    body = INFO.pack(prefix.ip.family, prefix.length, 0, 0, index) + attribute(IFA_LOCAL, prefix.ip.packed)
    return Request(RTM_DELADDR, 0, body, f"ip address delete {prefix} dev {name}")
