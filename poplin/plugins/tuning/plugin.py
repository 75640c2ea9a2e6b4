"""tuning: switches of a container's network and attributes of its interface, set to what the network wants.

    net/ipv4/conf/eth0/arp_filter  0 -> 1        eth0  mtu 1500 -> 1400, mac, promisc, allmulti, txQLen

Chained behind a plugin that attaches. What was there before is written to a file first, where the reference keeps it,
so that DEL can put it back, whoever's ADD it was.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "tuning",
    "Poplin tuning: sets sysctls and attributes of a container's interface",
    {
        "ADD": verb_in("poplin.plugins.tuning.add"),
        "DEL": verb_in("poplin.plugins.tuning.delete"),
        "CHECK": verb_in("poplin.plugins.tuning.check"),
        "STATUS": verb_in("poplin.plugins.tuning.status"),
        "GC": verb_in("poplin.plugins.tuning.garbage"),
    },
)
