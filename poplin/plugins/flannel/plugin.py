"""flannel: the host's part of a flannel network, attached to by another plugin, usually bridge.

    /run/flannel/subnet.env  ──▶  configuration for bridge  ──▶  bridge

flannel's daemon says which subnet is this host's. What the other plugin is told is kept as long as the attachment,
where the reference keeps it, so that DEL can tell it the same, whoever's ADD it was and whatever the daemon says then.
"""

from __future__ import annotations

from poplin.plugins.kit.skel import RESTORE, Plugin, verb_in

PLUGIN = Plugin(
    "flannel",
    "Poplin flannel: attaches to the host's subnet of a flannel network, by way of another plugin",
    {
        "ADD": verb_in("poplin.plugins.flannel.add"),
        "DEL": verb_in("poplin.plugins.flannel.delete"),
        "CHECK": verb_in("poplin.plugins.flannel.check"),
        "STATUS": verb_in("poplin.plugins.flannel.status"),
        "GC": verb_in("poplin.plugins.flannel.garbage"),
        RESTORE: verb_in("poplin.plugins.flannel.restore"),
    },
)
