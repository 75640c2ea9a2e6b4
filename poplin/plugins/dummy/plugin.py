"""dummy: an address that is the container's own and leads nowhere, for what wants to bind to one.

container     eth0 10.1.2.2/24       what is sent to others over it is lost
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "dummy",
    "Poplin dummy: gives a container an address on an interface that leads nowhere",
    {
        "ADD": verb_in("poplin.plugins.dummy.add"),
        "DEL": verb_in("poplin.plugins.dummy.delete"),
        "CHECK": verb_in("poplin.plugins.dummy.check"),
        "STATUS": verb_in("poplin.plugins.dummy.status"),
        "GC": verb_in("poplin.plugins.kit.device_garbage"),
    },
)
