"""Defects of plugins that others ship, found by what such a plugin says of itself. No user of theirs can mend them."""

from __future__ import annotations

import re
from dataclasses import dataclass

REFERENCE = re.compile(r"CNI (?P<type>[\w-]+) plugin (v1\.[0-4]\.\d+|version unknown)")


@dataclass(frozen=True)
class Defect:
    """Which plugins of the reference have it (none named: all), why, and the row of the fact sheet that has it;
    `is_in_the_way` if the rule cannot be judged for it."""

    why: str
    row: str = ""
    types: tuple[str, ...] = ()
    is_in_the_way: bool = False


# Those whose name says nothing are of authors who began with the reference's code.
TYPES = frozenset(
    {
        *("bandwidth", "bridge", "dhcp", "dummy", "firewall", "host-device", "host-local", "ipvlan", "loopback"),
        *("macvlan", "portmap", "ptp", "sbr", "static", "tap", "tuning", "vlan", "vrf"),
    }
)

BY_IPTABLES = "It runs iptables, which it finds by PATH only."
NULL = "A null among the addresses of prevResult is used as if it were one."
GONE_FIRST = "DEL opens the namespace before anything else, and has no answer for one that is gone."
ONE_INTERFACE = "It names what it makes by the network and the container, so that two interfaces share it."
BLIND = "CHECK looks at nothing that prevResult tells."
HALF_DONE = "Between two steps a link has a temporary name, or rules are half there; DEL knows what is whole only."
LINKS = ("bridge", "host-device", "ipvlan", "macvlan", "ptp", "vlan")
DEVICE = "DEL looks for the device in the container, and fails where it is not."

DEFECTS: dict[str, tuple[Defect, ...]] = {
    "errors-name-their-version": (Defect("Its library prints code, msg and details alone.", "cni-spec 2.6"),),
    "check-works": (
        Defect(
            "CHECK of a mapping asks for its rules in IPv6 too, where there is no such address.", types=("portmap",)
        ),
        Defect("ADD puts the interface's name for IFNAME in a sysctl, CHECK does not.", types=("tuning",)),
    ),
    "each-version-works": (
        Defect("CHECK does not work in any version: see check-works.", types=("portmap", "tuning")),
    ),
    "result-has-the-shape": (
        Defect("The result is in the newest version, whatever was asked for.", "plugins-main-ipam 14", ("loopback",)),
    ),
    "result-names-its-version": (
        Defect("The result is in the newest version, whatever was asked for.", "plugins-main-ipam 14", ("loopback",)),
    ),
    "no-crash": (Defect(NULL, "cni-spec 1.4", ("firewall", "portmap", "sbr", "bandwidth", "vrf", "tuning")),),
    "del-may-be-repeated": (Defect(DEVICE, "plugins-main-ipam 124", ("host-device",)),),
    "del-of-what-was-never-added": (
        Defect(DEVICE, "plugins-main-ipam 124", ("host-device",)),
        Defect("DEL fails where its daemon does not run.", types=("dhcp",)),
    ),
    "del-after-the-netns-is-gone": (
        Defect(DEVICE, "plugins-main-ipam 124", ("host-device",)),
        Defect(GONE_FIRST, "plugins-meta 115", ("sbr",)),
    ),
    "del-without-netns": (Defect(GONE_FIRST, "plugins-meta 115", ("sbr",)),),
    "late-del-leaves-nothing": (
        Defect(
            "DEL that finds no namespace does not know the addresses, and leaves their rules.",
            "plugins-main-ipam 14",
            ("bridge", "ptp"),
        ),
        Defect("Its file about the old settings stays where they cannot be restored.", "plugins-meta 8", ("tuning",)),
        Defect(DEVICE, "plugins-main-ipam 124", ("host-device",), is_in_the_way=True),
        Defect(GONE_FIRST, "plugins-meta 115", ("sbr",), is_in_the_way=True),
    ),
    "failed-add-leaves-nothing": (
        Defect("ADD that fails after moving the device leaves it in the container.", "plugins-main-ipam 14", LINKS),
        Defect("It makes an empty file of a namespace that is not there, to lock it.", types=("sbr",)),
    ),
    "killed-add-can-be-deleted": (
        Defect(HALF_DONE, types=(*LINKS, "portmap", "sbr", "tuning", "vrf")),
        Defect(
            "It makes a lease's file and writes into it next; DEL knows leases by what is in them.",
            types=("host-local",),
        ),
    ),
    "second-interface-works": (
        Defect(ONE_INTERFACE, types=("bandwidth", "bridge")),
        Defect("ADD fails where the other interface has a route to the same gateway.", types=("ptp",)),
    ),
    "del-of-one-interface-keeps-the-other": (
        Defect(ONE_INTERFACE, types=("bandwidth", "bridge", "portmap"), is_in_the_way=True),
        Defect("There can be no other: see second-interface-works.", types=("ptp",), is_in_the_way=True),
    ),
    "check-without-result-refused": (Defect(BLIND, types=("loopback", "sbr")),),
    "bare-environment-is-enough": (Defect(BY_IPTABLES, types=("bridge", "ptp", "firewall", "portmap")),),
}


def find_defect(about: str, rule: str) -> Defect | None:
    """The one that is known of such a plugin."""
    said = REFERENCE.match(about)
    if not said or said["type"] not in TYPES:
        return None
    found = (each for each in DEFECTS.get(rule, ()) if not each.types or said["type"] in each.types)
    return next(found, None)
