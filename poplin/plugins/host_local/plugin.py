"""host-local: addresses from ranges in the configuration, leases in files on this host."""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "host-local",
    "Poplin host-local: hands out addresses from ranges, kept in files on this host",
    {
        "ADD": verb_in("poplin.plugins.host_local.add"),
        "DEL": verb_in("poplin.plugins.host_local.delete"),
        "CHECK": verb_in("poplin.plugins.host_local.check"),
        "STATUS": verb_in("poplin.plugins.host_local.status"),
        "GC": verb_in("poplin.plugins.host_local.garbage"),
    },
)
