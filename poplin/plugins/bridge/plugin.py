"""bridge: every container of a network is a port of one Linux bridge.

       host                              container
    ┌───────┐ port   vethc0ffee00 ═════ eth0 10.22.0.2/16
    │ cni0  ├────────                   default via 10.22.0.1
    └───────┘ 10.22.0.1/16 if isGateway

The bridge stays when the last container leaves.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import RESTORE, Plugin, verb_in

PLUGIN = Plugin(
    "bridge",
    "Poplin bridge: joins containers to a Linux bridge",
    {
        "ADD": verb_in("poplin.plugins.bridge.add"),
        "DEL": verb_in("poplin.plugins.bridge.delete"),
        "CHECK": verb_in("poplin.plugins.bridge.check"),
        "STATUS": verb_in("poplin.plugins.bridge.status"),
        "GC": verb_in("poplin.plugins.bridge.garbage"),
        RESTORE: verb_in("poplin.plugins.bridge.restore"),
    },
)
