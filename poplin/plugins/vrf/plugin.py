"""vrf: an interface of a container routes by a table of its own.

container     red     table 10      a VRF device; programs that bind to it see only its routes
                └ net1  10.1.2.2/24

Chained behind a plugin that attaches. Several interfaces may share a VRF; it is made with the first and goes with the
last. Two VRFs may have the same networks, and even the same addresses.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "vrf",
    "Poplin vrf: gives an interface of a container a routing table of its own",
    {
        "ADD": verb_in("poplin.plugins.vrf.add"),
        "DEL": verb_in("poplin.plugins.vrf.delete"),
        "CHECK": verb_in("poplin.plugins.vrf.check"),
        "STATUS": verb_in("poplin.plugins.vrf.status"),
    },
)
