"""portmap: publish ports of a container on the host.

    client ──▶ host 192.0.2.1:8080 ──▶ container 10.22.0.2:80

Chained behind a plugin that attaches: the addresses are those of prevResult. One static nft table does the work, a
published port is an element of a map in it. Without `runtimeConfig.portMappings` nothing is touched at all.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import RESTORE, Plugin, verb_in

PLUGIN = Plugin(
    "portmap",
    "Poplin portmap: publishes ports of containers on the host",
    {
        "ADD": verb_in("poplin.plugins.portmap.add"),
        "DEL": verb_in("poplin.plugins.portmap.delete"),
        "CHECK": verb_in("poplin.plugins.portmap.check"),
        "STATUS": verb_in("poplin.plugins.portmap.status"),
        "GC": verb_in("poplin.plugins.portmap.garbage"),
        RESTORE: verb_in("poplin.plugins.portmap.restore"),
    },
)
