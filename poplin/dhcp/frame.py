"""A DHCP message in the frame that carries it, for a link that has no address yet.

Who has no address has no UDP socket to ask from: the whole frame is written, to everybody on the link, and answers are
picked from what the link receives. A filter in the kernel leaves all other traffic of the container there.

    Ethernet  destination 6, source 6, type 2 | IPv4 20 | UDP 8 | message
"""

from __future__ import annotations

import struct

from poplin.dhcp.packet import NOBODY
from poplin.spec.address import IP

ETH_P_IP = 0x0800  # linux/if_ether.h
IPPROTO_UDP = 17
SERVER_PORT, CLIENT_PORT = 67, 68
TTL = 64
EVERYBODY = bytes([255] * 6)
ALL = IP(32, 0xFFFFFFFF)

ETHERNET = struct.Struct("!6s6sH")
IPV4 = struct.Struct("!BBHHHBBH4s4s")
UDP = struct.Struct("!HHHH")
FRAGMENT = 0x1FFF  # the bits of an IPv4 header that say which part of a packet this is; the first is 0
MORE_FRAGMENTS = 0x2000

# What the kernel hands over: first parts of UDP packets to port 68. `struct sock_filter` of linux/filter.h, each
# u16 code, u8 jump if true, u8 jump if false, u32 operand; offsets are from the Ethernet header.
FILTER = b"".join(
    struct.pack("=HBBI", *each)
    for each in (
        (0x28, 0, 0, 12),  # ldh the frame's type
        (0x15, 0, 8, ETH_P_IP),
        (0x30, 0, 0, 23),  # ldb the protocol
        (0x15, 0, 6, IPPROTO_UDP),
        (0x28, 0, 0, 20),  # ldh the fragment's offset
        (0x45, 4, 0, FRAGMENT),
        (0xB1, 0, 0, 14),  # ldx the header's length
        (0x48, 0, 0, 16),  # ldh the destination's port, behind it
        (0x15, 0, 1, CLIENT_PORT),
        (0x06, 0, 0, 0xFFFF),  # take it
        (0x06, 0, 0, 0),  # leave it
    )
)


def wrap(payload: bytes, mac: bytes, source: IP = NOBODY, destination: IP = ALL) -> bytes:
    """The frame from `mac` to everybody on the link, who need not all be its `destination`."""
    length = UDP.size + len(payload)
    ends = source.packed + destination.packed
    udp = UDP.pack(CLIENT_PORT, SERVER_PORT, length, 0)
    pseudo = ends + struct.pack("!BBH", 0, IPPROTO_UDP, length)
    udp = udp[:6] + struct.pack("!H", checksum(pseudo + udp + payload) or 0xFFFF)
    header = IPV4.pack(0x45, 0, IPV4.size + length, 0, 0, TTL, IPPROTO_UDP, 0, source.packed, destination.packed)
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return ETHERNET.pack(EVERYBODY, mac, ETH_P_IP) + header + udp + payload


def unwrap(frame: bytes) -> bytes | None:
    """The message in a frame, None if it is not one for a DHCP client, or not whole.

    Checksums are not looked at: within one machine the kernel leaves UDP's to hardware that is not there.
    """
    if len(frame) < ETHERNET.size + IPV4.size or ETHERNET.unpack_from(frame)[2] != ETH_P_IP:
        return None
    version, _, total, _, fragment, _, protocol, _, _, _ = IPV4.unpack_from(frame, ETHERNET.size)
    packet = frame[ETHERNET.size : ETHERNET.size + total]  # without what pads a short frame
    start = (version & 0xF) * 4
    is_whole = version >> 4 == 4 and len(packet) == total and not fragment & (FRAGMENT | MORE_FRAGMENTS)
    if not is_whole or protocol != IPPROTO_UDP or not IPV4.size <= start <= len(packet) - UDP.size:
        return None
    _, port, length, _ = UDP.unpack_from(packet, start)
    payload = packet[start + UDP.size : start + length]
    return payload if port == CLIENT_PORT and len(payload) == length - UDP.size else None


def checksum(data: bytes) -> int:
    """Of RFC 1071."""
    data += bytes(len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
