"""What the plugins of the configured networks need of the kernel and of libraries."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from poplin.doctor.configured import BRIDGE, FIREWALL, PORTMAP, PTP, Configured
from poplin.doctor.finding import ERROR, NOTE, WARNING, Finding, command, name_all
from poplin.doctor.place import Place
from poplin.doctor.trial import (
    TUN,
    list_modules,
    try_alone,
    try_conntrack,
    try_library,
    try_link,
    try_request,
    try_rules,
    try_tun,
    try_vlan_filtering,
    waits_on_disk,
)
from poplin.linux.nft.antispoof import ANTISPOOF
from poplin.linux.nft.forward import FORWARD
from poplin.linux.nft.load import LIBRARY
from poplin.linux.nft.nat import NAT
from poplin.linux.wire import filter, tbf
from poplin.plugins.bandwidth.status import probe_action, probe_qdisc

OLDEST = (6, 1)  # Debian 12's, on which the tests run
NFT_MODULES = ("nf_tables", "nft_chain_nat", "nft_nat", "nft_masq", "nft_fib", "nft_fib_inet", "nft_ct")
INSTALLERS = {
    "apt-get": "apt-get install -y libnftables1",
    "dnf": "dnf install -y nftables",
    "zypper": "zypper install -y libnftables1",
    "pacman": "pacman -S --noconfirm nftables",
    "apk": "apk add nftables",
}


@dataclass(frozen=True)
class Feature:
    """`attempt` tries it with `argument`; the first of the `modules` has it; its absence is as bad as `severity`."""

    what: str
    attempt: Callable[[Any], str]
    argument: object
    modules: tuple[str, ...] = ()
    severity: str = ERROR


def link(kind: str, module: str = "") -> Feature:
    """Links of a kind, which are a module."""
    return Feature(f"links of kind {kind}", try_link, kind, (module or kind,))


VETH = link("veth")
RULES = (
    Feature("libnftables", try_library, LIBRARY),
    Feature("the rules of nat.nft", try_rules, NAT, NFT_MODULES),
)
ANTISPOOFING = (RULES[0], Feature("the rules of antispoof.nft", try_rules, ANTISPOOF, ("nf_tables",)))
FILTERING = Feature("bridges that filter VLANs", try_vlan_filtering, "bridge", ("bridge",))
CONNTRACK = Feature("connection tracking by netlink", try_conntrack, "udp", ("nf_conntrack_netlink",), WARNING)

QUEUES = (
    Feature("queues of kind tbf", try_request, probe_qdisc(tbf.KIND), ("sch_tbf",)),
    Feature("packets that are handed to another link", try_request, probe_action(filter.MIRRED), ("act_mirred",)),
)

BY_TYPE: dict[str, tuple[Feature, ...]] = {
    BRIDGE: (link("bridge"), VETH),
    PTP: (VETH,),
    "bandwidth": (link("ifb"), *QUEUES),
    "dummy": (link("dummy"),),
    FIREWALL: (RULES[0], Feature("the rules of forward.nft", try_rules, FORWARD, ("nf_tables", "nft_ct"))),
    "ipvlan": (link("ipvlan"),),
    "macvlan": (link("macvlan"),),
    PORTMAP: (*RULES, CONNTRACK),
    "tap": (Feature("taps", try_tun, TUN, ("tun",)),),
    "vlan": (link("vlan", "8021q"),),
    "vrf": (link("vrf"),),
}


def examine(place: Place) -> Iterator[Finding]:
    """What is missing, and for whom."""
    wanted: dict[Feature, list[str]] = {}
    for network in place.networks:
        for feature in dict.fromkeys(list_needs(network)):
            wanted.setdefault(feature, []).append(network.name)
    missing_library = False
    for feature, networks in wanted.items():
        if (feature.attempt is try_rules and missing_library) or any(map(waits_on_disk, feature.modules)):
            continue
        reason = place.see(try_alone, feature.attempt, feature.argument) or ""
        missing_library = missing_library or (bool(reason) and feature.attempt is try_library)
        if reason:
            yield tell(feature, networks, reason)
    yield from judge_version(os.uname().release, bool(wanted))


def list_needs(network: Configured) -> Iterator[Feature]:
    """Those of its plugins, and of what they are told."""
    for each in network.types:
        yield from BY_TYPE.get(each, ())
    if network.main.raw("ipMasq"):
        yield from RULES
    if network.kind == BRIDGE:
        yield from ANTISPOOFING if network.main.raw("macspoofchk") else ()
        yield from (FILTERING,) if network.main.raw("vlan") or network.main.raw("vlanTrunk") else ()


def tell(feature: Feature, networks: list[str], reason: str) -> Finding:
    """One that is missing."""
    text = f"{feature.what} cannot be had here, and {name_all(networks)} cannot do without"
    if feature.attempt is try_library:
        return Finding(feature.severity, text, (reason,), find_installer())
    known = [each for each in feature.modules if each.replace("-", "_") in list_modules()]
    if known:
        return Finding(feature.severity, text, (reason,), command("modprobe", *known))
    module = feature.modules[0] if feature.modules else "it"
    return Finding(feature.severity, f"{text}; this kernel has no module {module}: boot one that has", (reason,))


def find_installer() -> str:
    """The line that installs libnftables with the tool that is here; none if we know none."""
    return next((line for tool, line in INSTALLERS.items() if shutil.which(tool)), "")


def judge_version(release: str, is_needed: bool) -> Iterator[Finding]:
    """A kernel that nobody tested with."""
    found = re.match(r"(\d+)\.(\d+)", release)
    if is_needed and found and tuple(map(int, found.groups())) < OLDEST:
        text = f"Linux {release} is older than {OLDEST[0]}.{OLDEST[1]}, the oldest that Poplin is tested with"
        yield Finding(NOTE, text, (f"uname -r: {release}",))
