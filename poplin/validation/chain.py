"""Do the plugins of a network make sense together: their order, what they are handed, what they ask for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from poplin.invoke.entry import PLUGINS
from poplin.schema.dialect import get_properties
from poplin.schema.finding import ERROR, WARNING, Fault
from poplin.schema.registry import locate_schema, resolve
from poplin.schema.values import quote
from poplin.spec.netlist import without
from poplin.validation.effective import find_key, find_value
from poplin.validation.member import Head, Member

PORTMAP, PORT_MAPPINGS = "portmap", "portMappings"
# Those that work on what a plugin before them attached, and what there is to do.
CHAINED = {
    "bandwidth": "whose traffic it could shape",
    "dnsname": "that could have a name",
    "firewall": "whose packets it could let pass",
    PORTMAP: "whose ports it could publish",
    "sbr": "whose packets it could lead",
    "tuning": "that it could tune",
    "vrf": "that it could put into a VRF",
}
FLANNEL = "flannel"  # which tells another plugin what it is told, and says itself who gives addresses
IPVLAN = "ipvlan"  # which can have its addresses from the plugin before it
AFTER = "write it after the plugin that attaches, in the `plugins` of a .conflist"
CAPABILITY = '"capabilities": {"portMappings": true}'


def check_chain(head: Head, members: Sequence[Member]) -> None:
    """Add what is wrong between them."""
    for number, member in enumerate(members):
        if member.is_windows:
            continue
        member.add(*list_order_faults(member, is_first=number == 0))
        member.add(*list_ipvlan_faults(member, members[:number]))
        member.add(*list_capability_faults(member))
        member.add(*list_ipam_faults(member))
        if not head.is_single:
            member.add(*list_ignored(member))


def list_order_faults(member: Member, *, is_first: bool) -> Iterator[Fault]:
    """A plugin that works on what others made comes after them."""
    if member.type in CHAINED and is_first:
        text = f"{member.type} comes first, so nothing is attached yet {CHAINED[member.type]}"
        yield Fault(member.find_path("type"), text, AFTER, ERROR)


def list_ipvlan_faults(member: Member, before: Sequence[Member]) -> Iterator[Fault]:
    """What ipvlan may leave to the plugin before it: addresses, which any of them brings, and the master, which none of
    ours does."""
    if member.type != IPVLAN:
        return
    if not before and not member.ipam_type:
        text = "nobody gives addresses: there is no `ipam.type`, and no plugin before this one"
        yield Fault(member.find_path("type"), text, 'write "ipam": {"type": "host-local"}, or another', ERROR)
    if before and not find_value(member.config, "master") and all(each.type in PLUGINS for each in before):
        text = "no plugin before this one brings a link that could be the `master`"
        yield Fault(member.find_path("type"), text, 'write "master" and the name of one', ERROR)


def list_capability_faults(member: Member) -> Iterator[Fault]:
    """What the runtime is to hand over, against what the plugin has a use for."""
    declared = find_value(member.config, "capabilities")
    capabilities = declared if isinstance(declared, dict) else {}
    if member.type == PORTMAP and find_value(capabilities, PORT_MAPPINGS) in (None, False):
        path = member.find_path("capabilities", PORT_MAPPINGS) if capabilities else member.find_path("type")
        yield Fault(path, "no runtime hands over ports to publish", f"write {CAPABILITY}", WARNING)
    used = list_used(member.type, member.ipam_type)
    for name in capabilities:
        if used is not None and name.lower() not in used and name.lower() in list_known():
            path = (*member.find_path("capabilities"), name)
            user = f"{member.type} with {member.ipam_type}" if member.ipam_type else member.type
            yield Fault(path, f"{user} has no use for it", "remove it", WARNING, is_about_key=True)


def list_used(plugin_type: str, ipam_type: str) -> set[str] | None:
    """The capabilities that a plugin and its address plugin read, in lower case; None if one of them is not ours, or
    hands them on."""
    types = [each for each in (plugin_type, ipam_type) if each]
    if plugin_type == FLANNEL or not all(each in PLUGINS for each in types):
        return None
    sections = [get_properties(resolve(locate_schema(f"{each}.json")))["runtimeConfig"] for each in types]
    return {name.lower() for section in sections for name in section.get("properties", {})}


@cache
def list_known() -> set[str]:
    """The names of capabilities, in lower case; of another the schema tells."""
    properties = resolve(locate_schema("plugin.json"))["properties"]["capabilities"]["properties"]
    return {name.lower() for name in properties}


def list_ipam_faults(member: Member) -> Iterator[Fault]:
    """Addresses that nobody gives, and a plugin that is to ask itself."""
    ipam = find_value(member.config, "ipam")
    if member.type in (*CHAINED, FLANNEL) or not isinstance(ipam, dict):
        return
    if not member.ipam_type and without(ipam, ("type",)) and find_key(ipam, "type") is None:
        text = "has no `type`, so nobody gives addresses"
        yield Fault(member.find_path("ipam"), text, 'write "type": "host-local"', WARNING)
    if member.ipam_type and member.ipam_type == member.type:
        path = member.find_path("ipam", "type")
        yield Fault(path, f"{quote(member.ipam_type)} is the plugin itself", 'write "host-local", or another')


def list_ignored(member: Member) -> Iterator[Fault]:
    """What a list's head says in place of its plugins."""
    for name in ("name", "cniVersion"):
        key = find_key(member.config, name)
        if key is not None:
            yield Fault((key,), f"the list's {quote(name)} counts", "remove it", WARNING, is_about_key=True)
