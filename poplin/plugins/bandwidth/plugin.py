"""bandwidth: how much may come to a container, and how much it may send.

    host  ── as fast as it may ──▶ vethc0ffee00 ══════════════════════ eth0  container      ingress
    host ◀── as fast as it may ── bwpa8eda89404b7 ◀── vethc0ffee00 ══ eth0  container      egress

Chained behind a plugin that makes a veth. Token buckets of the kernel do the work. Without limits nothing is touched.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "bandwidth",
    "Poplin bandwidth: limits how much containers receive and send",
    {
        "ADD": verb_in("poplin.plugins.bandwidth.add"),
        "DEL": verb_in("poplin.plugins.bandwidth.delete"),
        "CHECK": verb_in("poplin.plugins.bandwidth.check"),
        "STATUS": verb_in("poplin.plugins.bandwidth.status"),
        "GC": verb_in("poplin.plugins.bandwidth.garbage"),
    },
)
