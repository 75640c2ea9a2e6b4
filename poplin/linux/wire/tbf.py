"""tbf, the token bucket that shapes all of a link's traffic alike.

tc_tbf_qopt  tc_ratespec rate, tc_ratespec peakrate, u32 limit, u32 buffer, u32 mtu      linux/pkt_sched.h

The buffer is told in ticks, as the reference does: of bytes the kernel makes ticks of its own, a few more or less. But
of ticks it takes only so many for what one packet may be, so a larger buffer is told in both.
"""

from __future__ import annotations

from poplin.linux.netlink import NLM_F_REPLACE, Request, Struct, attribute, u32_attribute, unpack_attributes
from poplin.linux.wire.bucket import LARGEST, RATE, RATE64, Bucket, count_bytes, pack_rate, unpack_rate
from poplin.linux.wire.qdisc import TC_H_ROOT, Qdisc, add_qdisc

KIND = "tbf"
TCA_TBF_BURST = 6
TCA_TBF_PARMS = 1
TCA_TBF_RATE64 = 4
REST = Struct("=III")
LONGEST_PACKET = ((1 << 32) - 1) >> 6  # ticks in 4.3 s, which is 32 bits of nanoseconds


def set_tbf(name: str, index: int, handle: int, bucket: Bucket) -> Request:
    """As `tc qdisc replace dev NAME root handle HANDLE tbf rate RATE burst BYTES limit BYTES`; what waits in one that
    is there goes on waiting."""
    parameters = pack_rate(bucket.rate) + bytes(RATE.size) + REST.pack(bucket.limit, bucket.buffer, 0)
    options = attribute(TCA_TBF_PARMS, parameters)
    if bucket.rate > LARGEST:
        options += attribute(TCA_TBF_RATE64, RATE64.pack(bucket.rate))
    if bucket.buffer > LONGEST_PACKET:
        options += u32_attribute(TCA_TBF_BURST, bucket.burst)
    words = f"rate {bucket.rate * 8}bit burst {bucket.burst} limit {bucket.limit}"
    return add_qdisc(name, Qdisc(index, KIND, handle, TC_H_ROOT, options), words, NLM_F_REPLACE)


def bucket_of(qdisc: Qdisc) -> Bucket:
    """What a tbf lets pass."""
    options = unpack_attributes(qdisc.options)
    parameters = options[TCA_TBF_PARMS]
    rate = unpack_rate(parameters, 0, options.get(TCA_TBF_RATE64))
    limit, buffer, _ = REST.unpack_from(parameters, 2 * RATE.size)
    return Bucket(rate, count_bytes(rate, buffer), buffer, limit)
