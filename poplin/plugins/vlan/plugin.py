"""vlan: the container has one VLAN of one of the host's links, all of it.

    host     eth0 ═══ VLAN 100, VLAN 200, and frames without a tag ═══ the network
                          │
    container           eth0   sends and gets without a tag what is VLAN 100 outside

The kernel makes one such device for each VLAN of a link, so a VLAN belongs to one container.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "vlan",
    "Poplin vlan: gives a container one VLAN of one of the host's links",
    {
        "ADD": verb_in("poplin.plugins.vlan.add"),
        "DEL": verb_in("poplin.plugins.vlan.delete"),
        "CHECK": verb_in("poplin.plugins.vlan.check"),
        "STATUS": verb_in("poplin.plugins.vlan.status"),
        "GC": verb_in("poplin.plugins.kit.device_garbage"),
    },
)
