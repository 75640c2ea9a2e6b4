"""tap: the container has a link whose other end is a program in it, as a virtual machine's.

    container   eth0 ══ /dev/net/tun ══ qemu        or   eth0 ══ /dev/net/tun ══ qemu
                10.22.0.2/16                              │ port of br1, a bridge in the container

The link is there before the program, and stays after it.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "tap",
    "Poplin tap: gives a container a link for a program in it, as a virtual machine",
    {
        "ADD": verb_in("poplin.plugins.tap.add"),
        "DEL": verb_in("poplin.plugins.tap.delete"),
        "CHECK": verb_in("poplin.plugins.tap.check"),
        "STATUS": verb_in("poplin.plugins.tap.status"),
        "GC": verb_in("poplin.plugins.kit.device_garbage"),
    },
)
