"""dnsname: the containers of a network find each other by name.

    addnhosts  10.88.0.2  web  www  #net/c1/eth0   ──▶   dnsmasq on the bridge's addresses   ◀──  resolv.conf of each

Chained behind bridge. Each network has a dnsmasq of its own as long as it has containers. Its files are the
reference's, in the reference's place and under its lock, so that either can go on where the other stopped.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import RESTORE, Plugin, verb_in

PLUGIN = Plugin(
    "dnsname",
    "Poplin dnsname: has the containers of a network find each other by name",
    {
        "ADD": verb_in("poplin.plugins.dnsname.add"),
        "DEL": verb_in("poplin.plugins.dnsname.delete"),
        "CHECK": verb_in("poplin.plugins.dnsname.check"),
        "STATUS": verb_in("poplin.plugins.dnsname.status"),
        "GC": verb_in("poplin.plugins.dnsname.garbage"),
        RESTORE: verb_in("poplin.plugins.dnsname.restore"),
    },
)
