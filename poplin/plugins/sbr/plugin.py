"""sbr: source based routing. What the container sends from an address of this interface leaves by this interface.

    rule   from 192.0.2.9/32 lookup 100
    table 100   default via 192.0.2.1 dev net1
                192.0.2.0/24 dev net1 scope link src 192.0.2.9

Chained behind a plugin that attaches a second interface. Its routes move out of the main table into one of their own,
a table for each address, so that the routes of the first interface are undisturbed.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "sbr",
    "Poplin sbr: has a container answer by the interface it was asked on",
    {
        "ADD": verb_in("poplin.plugins.sbr.add"),
        "DEL": verb_in("poplin.plugins.sbr.delete"),
        "CHECK": verb_in("poplin.plugins.sbr.check"),
        "STATUS": verb_in("poplin.plugins.sbr.status"),
    },
)
