"""htb, a discipline of classes, each with a token bucket of its own (RTM_*TCLASS, linux/pkt_sched.h).

tc_htb_glob  u32 version, u32 rate2quantum, u32 default class, u32 debug, u32 direct packets
tc_htb_opt   tc_ratespec rate, tc_ratespec ceil, u32 buffer, u32 cbuffer, u32 quantum, u32 level, u32 prio
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    Struct,
    attribute,
    nest,
    text_attribute,
    unpack_attributes,
    unpack_text,
)
from poplin.linux.wire.bucket import LARGEST, RATE, RATE64, Bucket, count_bytes, pack_rate, unpack_rate
from poplin.linux.wire.qdisc import (
    MESSAGE,
    TC_H_ROOT,
    TCA_KIND,
    TCA_OPTIONS,
    Qdisc,
    add_qdisc,
    format_handle,
    message,
)

KIND = "htb"

# linux/rtnetlink.h
RTM_GETTCLASS = 42
RTM_NEWTCLASS = 40

# linux/pkt_sched.h
TCA_HTB_CEIL64 = 7
TCA_HTB_INIT = 2
TCA_HTB_PARMS = 1
TCA_HTB_RATE64 = 6
TC_HTB_PROTOVER = 3

RATE_TO_QUANTUM = 10
# How much of a class is sent before it is another one's turn; the kernel complains in its log of what it works out
# itself for fast classes.
QUANTUM = 60000
GLOBAL = Struct("=IIIII")
REST = Struct("=IIIII")


def add_htb(name: str, index: int, handle: int, default: int) -> Request:
    """As `tc qdisc add dev NAME root handle HANDLE htb default MINOR`: the class of what no filter has a class for."""
    minor = default & 0xFFFF
    options = attribute(TCA_HTB_INIT, GLOBAL.pack(TC_HTB_PROTOVER, RATE_TO_QUANTUM, minor, 0, 0))
    return add_qdisc(name, Qdisc(index, KIND, handle, TC_H_ROOT, options), f"default {minor:x}")


def default_class(qdisc: Qdisc) -> int:
    """The handle of the class that is the default."""
    return qdisc.handle | int(GLOBAL.unpack_from(unpack_attributes(qdisc.options)[TCA_HTB_INIT])[2])


def add_class(name: str, index: int, handle: int, bucket: Bucket) -> Request:
    """As `tc class add dev NAME parent MAJOR: classid HANDLE htb rate RATE ceil RATE burst BYTES cburst BYTES`.

    The queue of a class is a discipline of its own: `limit` is not said here.
    """
    rate, parent = pack_rate(bucket.rate), handle & ~0xFFFF
    parameters = rate + rate + REST.pack(bucket.buffer, bucket.buffer, QUANTUM, 0, 0)
    large = RATE64.pack(bucket.rate)
    options = [attribute(kind, large) for kind in (TCA_HTB_RATE64, TCA_HTB_CEIL64) if bucket.rate > LARGEST]
    body = message(index, handle, parent) + text_attribute(TCA_KIND, KIND)
    body += nest(TCA_OPTIONS, attribute(TCA_HTB_PARMS, parameters), *options)
    bits = f"{bucket.rate * 8}bit"
    words = f"rate {bits} ceil {bits} burst {bucket.burst} cburst {bucket.burst} quantum {QUANTUM}"
    text = f"tc class add dev {name} parent {format_handle(parent)} classid {format_handle(handle)} htb {words}"
    return Request(RTM_NEWTCLASS, NLM_F_CREATE | NLM_F_EXCL, body, text)


def list_classes(name: str, index: int) -> Request:
    """As `tc class show dev NAME`."""
    return Request(RTM_GETTCLASS, 0, message(index), f"tc class show dev {name}")


def unpack_class(body: bytes) -> tuple[int, Bucket] | None:
    """(handle, bucket) from the body of an RTM_NEWTCLASS; None if it is no class of htb. The queue is not in it."""
    _, _, handle, _, _ = MESSAGE.unpack_from(body)
    attributes = unpack_attributes(body[MESSAGE.size :])
    if unpack_text(attributes[TCA_KIND]) != KIND:
        return None
    options = unpack_attributes(attributes[TCA_OPTIONS])
    parameters = options[TCA_HTB_PARMS]
    rate = unpack_rate(parameters, 0, options.get(TCA_HTB_RATE64))
    buffer = int(REST.unpack_from(parameters, 2 * RATE.size)[0])
    return handle, Bucket(rate, count_bytes(rate, buffer), buffer, 0)
