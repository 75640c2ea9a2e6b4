"""macvlan: containers beside the host on its network, each with a MAC of its own on one of the host's links.

    host     eth0 ──────────┬───────────────────┬──── the network
                            │ 02:…:01           │ 02:…:02
    container             eth0                eth0

The switch outside sees them as machines. The host itself does not reach them: frames it sends leave by the wire.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "macvlan",
    "Poplin macvlan: gives each container a MAC of its own on one of the host's links",
    {
        "ADD": verb_in("poplin.plugins.macvlan.add"),
        "DEL": verb_in("poplin.plugins.macvlan.delete"),
        "CHECK": verb_in("poplin.plugins.macvlan.check"),
        "STATUS": verb_in("poplin.plugins.macvlan.status"),
        "GC": verb_in("poplin.plugins.kit.device_garbage"),
    },
)
