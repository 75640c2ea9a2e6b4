"""ipvlan: containers on one of the host's links with its MAC, told apart by their addresses.

    host     eth0 02:…:01 ──┬───────────────────┬──── the network
                            │                   │
    container             eth0 10.1.2.2       eth0 10.1.2.3       both 02:…:01

For networks that allow one MAC for each port. As with macvlan the host itself does not reach them.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "ipvlan",
    "Poplin ipvlan: puts each container on one of the host's links, behind the link's own MAC",
    {
        "ADD": verb_in("poplin.plugins.ipvlan.add"),
        "DEL": verb_in("poplin.plugins.ipvlan.delete"),
        "CHECK": verb_in("poplin.plugins.ipvlan.check"),
        "STATUS": verb_in("poplin.plugins.ipvlan.status"),
        "GC": verb_in("poplin.plugins.kit.device_garbage"),
    },
)
