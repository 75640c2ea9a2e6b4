"""Neighbours: which link-layer address an IP address has (RTM_*NEIGH, linux/neighbour.h).

ndmsg  u8 family, 3 pad, i32 index, u16 state, u8 flags, u8 type
"""

from __future__ import annotations

from poplin.linux.netlink import NLM_F_CREATE, NLM_F_REPLACE, Request, Struct, attribute, unpack_attributes
from poplin.linux.wire.link import format_mac
from poplin.linux.wire.route import unpack_ip
from poplin.spec.address import IP
from poplin.spec.record import Record

RTM_DELNEIGH = 29
RTM_GETNEIGH = 30
RTM_NEWNEIGH = 28

NDA_DST = 1
NDA_LLADDR = 2
NTF_USE = 0x01
NUD_FAILED = 0x20
NUD_INCOMPLETE = 0x01
NUD_NONE = 0x00
NUD_PERMANENT = 0x80

INFO = Struct("=BxxxiHBB")


class Neighbour(Record):
    """One entry of a link's neighbour table."""

    __slots__ = ("index", "ip", "mac", "state")

    def __init__(self, index: int, ip: IP, mac: str, state: int = NUD_PERMANENT) -> None:
        self.index = index
        self.ip = ip
        self.mac = mac
        self.state = state


def unpack_neighbour(body: bytes) -> Neighbour:
    """The record for the body of an RTM_NEWNEIGH."""
    _, index, state, _, _ = INFO.unpack_from(body)
    attributes = unpack_attributes(body[INFO.size :])
    return Neighbour(index, unpack_ip(attributes[NDA_DST]), format_mac(attributes.get(NDA_LLADDR, b"")), state)


def list_neighbours(family: int) -> Request:
    """As `ip -4|-6 neighbour show`."""
    return Request(RTM_GETNEIGH, 0, INFO.pack(family, 0, 0, 0, 0), f"ip -{4 if family == 2 else 6} neighbour show")


def get_neighbour(name: str, index: int, ip: IP) -> Request:
    """As `ip neighbour get IP dev NAME`; ENOENT if there is none."""
    body = INFO.pack(ip.family, index, 0, 0, 0) + attribute(NDA_DST, ip.packed)
    return Request(RTM_GETNEIGH, 0, body, f"ip neighbour get {ip} dev {name}")


def probe_neighbour(name: str, index: int, ip: IP) -> Request:
    """As `ip neighbour add IP dev NAME nud none use`: ask who has the address, as if there were a packet for it."""
    body = INFO.pack(ip.family, index, NUD_NONE, NTF_USE, 0) + attribute(NDA_DST, ip.packed)
    return Request(RTM_NEWNEIGH, NLM_F_CREATE, body, f"ip neighbour add {ip} dev {name} nud none use")


def set_neighbour(name: str, index: int, ip: IP, mac: bytes) -> Request:
    """As `ip neighbour replace IP lladdr MAC dev NAME nud permanent`."""
    body = INFO.pack(ip.family, index, NUD_PERMANENT, 0, 0) + attribute(NDA_DST, ip.packed)
    text = f"ip neighbour replace {ip} lladdr {format_mac(mac)} dev {name} nud permanent"
    return Request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body + attribute(NDA_LLADDR, mac), text)


def delete_neighbour(name: str, index: int, ip: IP) -> Request:
    """As `ip neighbour delete IP dev NAME`."""
    body = INFO.pack(ip.family, index, 0, 0, 0) + attribute(NDA_DST, ip.packed)
    return Request(RTM_DELNEIGH, 0, body, f"ip neighbour delete {ip} dev {name}")
