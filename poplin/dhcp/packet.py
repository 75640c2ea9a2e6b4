"""DHCP's message as bytes and as a record (RFC 2131, section 2; options of RFC 2132).

    u8 op, u8 htype, u8 hlen, u8 hops, u32 xid, u16 secs, u16 flags, ciaddr, yiaddr, siaddr, giaddr (4 octets each),
    chaddr 16, sname 64, file 128, magic cookie 4, then options: u8 code, u8 length, value; code 255 ends them

An option may go on in the fields `file` and `sname` (overload, option 52), and in a second one of its code (RFC 3396).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from poplin.spec.address import IP

BOOTREQUEST, BOOTREPLY = 1, 2
ETHERNET, MAC_SIZE = 1, 6
BROADCAST = 0x8000  # of `flags`: answer to all, for who cannot be reached before it has the address
MAGIC = bytes([99, 130, 83, 99])
HEADER = struct.Struct("!BBBBIHH4s4s4s4s16s64s128s4s")
SMALLEST = 300  # octets; BOOTP relays drop what is shorter (RFC 1542, section 2.1)
LONGEST_VALUE = 255
PAD, END = 0, 255
NOBODY = IP(32, 0)


class Option(IntEnum):
    """Those that somebody here reads or writes."""

    SUBNET_MASK = 1
    ROUTERS = 3
    NAME_SERVERS = 6
    DOMAIN_NAME = 15
    STATIC_ROUTES = 33
    REQUESTED_ADDRESS = 50
    LEASE_TIME = 51
    OVERLOAD = 52
    MESSAGE_TYPE = 53
    SERVER = 54
    PARAMETERS = 55
    LARGEST_MESSAGE = 57
    RENEWAL_TIME = 58
    REBINDING_TIME = 59
    CLIENT = 61
    CLASSLESS_ROUTES = 121


class Type(IntEnum):
    """What a message says, option 53."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    ACK = 5
    NAK = 6
    RELEASE = 7


@dataclass(frozen=True)
class Packet:
    """One message. `options` are raw values by code; `type` is 0 for one that is none of DHCP's."""

    op: int
    xid: int
    chaddr: bytes
    options: Mapping[int, bytes] = field(default_factory=dict)
    ciaddr: IP = NOBODY
    yiaddr: IP = NOBODY
    broadcast: bool = False

    @property
    def type(self) -> int:
        """A `Type`, or another number."""
        return int.from_bytes(self.options.get(Option.MESSAGE_TYPE, b""), "big")

    def find_ip(self, code: int) -> IP | None:
        """The first address of an option."""
        value = self.options.get(code, b"")
        return IP(32, int.from_bytes(value[:4], "big")) if len(value) >= 4 else None

    def find_number(self, code: int) -> int | None:
        """The number of 32 bits of an option."""
        value = self.options.get(code, b"")
        return int.from_bytes(value, "big") if len(value) == 4 else None


def pack(packet: Packet) -> bytes:
    """The message, options in the order of their codes. Raises ValueError for a value too long for one option."""
    flags = BROADCAST if packet.broadcast else 0
    data = HEADER.pack(
        packet.op,
        *(ETHERNET, MAC_SIZE, 0),
        packet.xid,
        *(0, flags),
        packet.ciaddr.packed,
        packet.yiaddr.packed,
        *(NOBODY.packed, NOBODY.packed),
        packet.chaddr,
        *(b"", b"", MAGIC),
    )
    for code, value in sorted(packet.options.items()):
        if len(value) > LONGEST_VALUE:
            raise ValueError(f"option {code} has {len(value)} octets, of {LONGEST_VALUE} at most")
        data += bytes([code, len(value)]) + value
    return (data + bytes([END])).ljust(SMALLEST, b"\0")


def unpack(data: bytes) -> Packet:
    """The record for a message. Raises ValueError for what is none."""
    if len(data) < HEADER.size:
        raise ValueError(f"{len(data)} octets are no DHCP message")
    op, _, hlen, _, xid, _, flags, ciaddr, yiaddr, _, _, chaddr, sname, file, magic = HEADER.unpack_from(data)
    if magic != MAGIC or hlen > len(chaddr):
        raise ValueError("no DHCP message: its magic cookie or its address length is wrong")
    options = unpack_options(data[HEADER.size :], {})
    overload = options.pop(Option.OVERLOAD, b"\0")[:1] or b"\0"
    for bit, more in ((1, file), (2, sname)):
        if overload[0] & bit:
            unpack_options(more, options)
    theirs, yours = (IP(32, int.from_bytes(each, "big")) for each in (ciaddr, yiaddr))
    return Packet(op, xid, chaddr[:hlen], options, theirs, yours, bool(flags & BROADCAST))


def unpack_options(data: bytes, found: dict[int, bytes]) -> dict[int, bytes]:
    """`found`, with these in it; one that is cut short ends them."""
    at = 0
    while at < len(data) and data[at] != END:
        code, at = data[at], at + 1
        if code == PAD:
            continue
        length = data[at] if at < len(data) else LONGEST_VALUE + 1
        value = data[at + 1 : at + 1 + length]
        if len(value) < length:
            break
        found[code] = found.get(code, b"") + value
        at += 1 + length
    return found
