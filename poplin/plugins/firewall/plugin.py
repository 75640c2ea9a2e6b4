"""firewall: have the host forward what a container sends and is answered, whatever firewalls there are.

    set allowed4 { 10.22.0.2 comment "... mynet/blue/eth0" }          one element a container address
    DOCKER-USER  -m mark --mark 0x10000000/0x10000000 -j ACCEPT       one rule a host, where iptables would drop it
    zone trusted  10.22.0.2/32                                        where there is firewalld

Chained behind a plugin that attaches: the addresses are those of prevResult. With `ingressPolicy` its bridge is kept
apart from others, or its containers from each other too.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import RESTORE, Plugin, verb_in

PLUGIN = Plugin(
    "firewall",
    "Poplin firewall: lets the host forward what containers send, and keeps bridges apart",
    {
        "ADD": verb_in("poplin.plugins.firewall.add"),
        "DEL": verb_in("poplin.plugins.firewall.delete"),
        "CHECK": verb_in("poplin.plugins.firewall.check"),
        "STATUS": verb_in("poplin.plugins.firewall.status"),
        "GC": verb_in("poplin.plugins.firewall.garbage"),
        RESTORE: verb_in("poplin.plugins.firewall.restore"),
    },
)
