"""ptp: one veth pair for each container, and all its traffic goes by way of the host, which routes.

       host                                      container
    10.22.0.1/32 vethc0ffee00 ═════════════════ eth0 10.22.0.2/16
    10.22.0.2 dev vethc0ffee00                  10.22.0.1 dev eth0
                                                10.22.0.0/16 via 10.22.0.1

No two containers share a link, not even those of one network.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import RESTORE, Plugin, verb_in

PLUGIN = Plugin(
    "ptp",
    "Poplin ptp: joins each container to the host by a link of its own",
    {
        "ADD": verb_in("poplin.plugins.ptp.add"),
        "DEL": verb_in("poplin.plugins.ptp.delete"),
        "CHECK": verb_in("poplin.plugins.ptp.check"),
        "STATUS": verb_in("poplin.plugins.ptp.status"),
        "GC": verb_in("poplin.plugins.ptp.garbage"),
        RESTORE: verb_in("poplin.plugins.ptp.restore"),
    },
)
