"""host-device: the container has one of the host's network devices to itself, until DEL gives it back.

    before      host  ens1
    between     container  eth0, alias ens1       and on disk: what ens1 was, and where it is
    after       host  ens1

The device is moved and renamed in one message, and its alias says what its name was, so that the reference's DEL can
bring it back too. Because a network card outlives the container's namespace, which hands it to the host under the name
it had inside, a record is written before the move: with it DEL, GC and the next ADD put its name back.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import Plugin, verb_in

PLUGIN = Plugin(
    "host-device",
    "Poplin host-device: gives a container one of the host's network devices",
    {
        "ADD": verb_in("poplin.plugins.host_device.add"),
        "DEL": verb_in("poplin.plugins.host_device.delete"),
        "CHECK": verb_in("poplin.plugins.host_device.check"),
        "STATUS": verb_in("poplin.plugins.host_device.status"),
        "GC": verb_in("poplin.plugins.host_device.garbage"),
    },
)
