"""Queueing disciplines: what decides when the packets of a link leave (RTM_*QDISC, linux/pkt_sched.h).

tcmsg  u8 family, 3 pad, i32 index, u32 handle, u32 parent, u32 info      linux/rtnetlink.h

A handle is MAJOR:MINOR, 16 bits each, which tc(8) writes in hex. The first number is the discipline's, the second one
that of a class in it.
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    Struct,
    attribute,
    text_attribute,
    unpack_attributes,
    unpack_text,
)
from poplin.spec.record import Record

# linux/rtnetlink.h
RTM_DELQDISC = 37
RTM_GETQDISC = 38
RTM_NEWQDISC = 36
TCA_KIND = 1
TCA_OPTIONS = 2

# linux/pkt_sched.h
TC_H_CLSACT_INGRESS = 0xFFFFFFF2  # TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)
TC_H_INGRESS = 0xFFFFFFF1
TC_H_ROOT = 0xFFFFFFFF

INGRESS_HANDLE = 0xFFFF0000  # of what looks at packets that come in, whichever kind it is
# Where a discipline is, and where filters are: in that of ingress, which may have some for packets that leave, too.
WAYS = {TC_H_ROOT: "root", TC_H_INGRESS: "ingress", TC_H_CLSACT_INGRESS: "ingress"}

MESSAGE = Struct("=BxxxiIII")
LIMIT = Struct("=I")  # tc_fifo_qopt


class Qdisc(Record):
    """One discipline of a link. A handle of 0 says that the kernel put it there by itself; `options` are as they
    came."""

    __slots__ = ("handle", "index", "kind", "options", "parent")

    def __init__(self, index: int, kind: str, handle: int, parent: int, options: bytes = b"") -> None:
        self.index = index
        self.kind = kind
        self.handle = handle
        self.parent = parent
        self.options = options


def unpack_qdisc(body: bytes) -> Qdisc:
    """The record for the body of an RTM_NEWQDISC."""
    _, index, handle, parent, _ = MESSAGE.unpack_from(body)
    attributes = unpack_attributes(body[MESSAGE.size :])
    return Qdisc(index, unpack_text(attributes[TCA_KIND]), handle, parent, attributes.get(TCA_OPTIONS, b""))


def fifo_limit(qdisc: Qdisc) -> int:
    """How much a queue that is nothing else holds: bytes of a bfifo, packets of a pfifo."""
    return int(LIMIT.unpack_from(qdisc.options)[0])


def format_handle(handle: int) -> str:
    """`1:30`, `ffff:`."""
    minor = handle & 0xFFFF
    return f"{handle >> 16:x}:{minor:x}" if minor else f"{handle >> 16:x}:"


def format_parent(parent: int) -> str:
    """Where a discipline is: `root`, `ingress`, `parent 1:30`."""
    return WAYS.get(parent) or f"parent {format_handle(parent)}"


# Requests.


def get_qdisc(name: str, index: int, parent: int = TC_H_ROOT) -> Request:
    """As `tc qdisc show dev NAME root|ingress|parent HANDLE`: the one there, which may be none that the kernel tells
    of; or ENOENT."""
    return Request(RTM_GETQDISC, 0, message(index, 0, parent), f"tc qdisc show dev {name} {format_parent(parent)}")


def add_qdisc(name: str, qdisc: Qdisc, words: str = "", flags: int = NLM_F_EXCL) -> Request:
    """As `tc qdisc add dev NAME root|parent HANDLE handle HANDLE KIND ...`; EEXIST if there is one."""
    body = message(qdisc.index, qdisc.handle, qdisc.parent) + text_attribute(TCA_KIND, qdisc.kind)
    if qdisc.options:
        body += attribute(TCA_OPTIONS, qdisc.options)
    verb = "add" if flags & NLM_F_EXCL else "replace"
    where = f"{format_parent(qdisc.parent)} handle {format_handle(qdisc.handle)}"
    text = f"tc qdisc {verb} dev {name} {where} {qdisc.kind} {words}".rstrip()
    return Request(RTM_NEWQDISC, NLM_F_CREATE | flags, body, text)


def add_fifo(name: str, index: int, parent: int, handle: int, kind: str, limit: int) -> Request:
    """As `tc qdisc add dev NAME parent PARENT handle HANDLE bfifo|pfifo limit LIMIT`: bytes, or packets."""
    return add_qdisc(name, Qdisc(index, kind, handle, parent, LIMIT.pack(limit)), f"limit {limit}")


def add_ingress(name: str, index: int) -> Request:
    """As `tc qdisc add dev NAME ingress`: a place for filters that see what comes in."""
    body = message(index, INGRESS_HANDLE, TC_H_INGRESS) + text_attribute(TCA_KIND, "ingress")
    return Request(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, body, f"tc qdisc add dev {name} ingress")


def delete_qdisc(name: str, index: int, parent: int = TC_H_ROOT) -> Request:
    """As `tc qdisc del dev NAME root|ingress`, with all that is in it."""
    return Request(RTM_DELQDISC, 0, message(index, 0, parent), f"tc qdisc del dev {name} {format_parent(parent)}")


def message(index: int, handle: int = 0, parent: int = 0, info: int = 0) -> bytes:
    """The fixed part of every message about traffic control."""
    return MESSAGE.pack(0, index, handle, parent, info)
