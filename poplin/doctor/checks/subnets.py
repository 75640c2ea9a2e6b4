"""Addresses that are in two places: of two networks, or of a network and something else that the host has a way to.

Networks on one bridge, or on one link, may share a subnet if they give different addresses out of it. Of networks for
which the host does not forward only those count: each is a world of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from poplin.doctor.configured import BRIDGE, PTP, Configured
from poplin.doctor.finding import ERROR, NOTE, WARNING, Finding, delete_link, edit
from poplin.doctor.place import Place
from poplin.linux.wire.link import Link
from poplin.linux.wire.route import RT_TABLE_MAIN, RouteEntry
from poplin.spec.address import Prefix, parse_prefix

# Every link has these.
EVERYWHERE = (parse_prefix("fe80::/10"), parse_prefix("ff00::/8"), parse_prefix("127.0.0.0/8"), parse_prefix("::1/128"))
LOOPBACK = "lo"


def examine(place: Place) -> Iterator[Finding]:
    """What overlaps."""
    for one, other in combinations(place.networks, 2):
        yield from compare(one, other)
    routed = [each for each in place.networks if each.is_forwarded]
    if not routed:
        return
    routes = place.see_all(place.host.rtnl.list_routes)
    addresses = place.see_all(place.host.rtnl.list_addresses)
    links = {each.index: each for each in place.links}
    ports = {each.master for each in place.links}
    for network in routed:
        foreign = {index: link for index, link in links.items() if not is_own(network, link, place)}
        yield from compare_with_routes(network, routes, foreign, ports)
        singles = [(each.prefix, foreign[each.index]) for each in addresses if each.index in foreign]
        yield from compare_with_addresses(network, singles)


# Two networks.


def compare(one: Configured, other: Configured) -> Iterator[Finding]:
    """Where two networks have the same addresses."""
    if one.segment == other.segment or {one.kind, other.kind} == {PTP}:
        yield from compare_ranges(one, other)
        return
    routed = sum(each.is_forwarded for each in (one, other))
    pairs = [(a, b) for a in one.subnets for b in other.subnets if a.overlaps(b)] if routed else []
    for mine, theirs in pairs:
        if routed == 2:
            severity, why = ERROR, "the host can have a way to one of them only"
        else:
            severity, why = WARNING, "from the one the host forwards for, addresses in the other are not reached"
        text = f"networks {one.name} ({mine}) and {other.name} ({theirs}) overlap: {why}"
        yield Finding(severity, text, (f"{one.file}: {mine}", f"{other.file}: {theirs}"), edit(other.file))


def compare_ranges(one: Configured, other: Configured) -> Iterator[Finding]:
    """Networks on one bridge or link: they may share a subnet, and no address."""
    for mine in one.ranges:
        for theirs in other.ranges:
            if mine.overlaps(theirs):
                text = f"networks {one.name} and {other.name} give the same addresses, {mine} and {theirs}"
                evidence = (f"{one.file}: {mine}", f"{other.file}: {theirs}", f"both are on {' '.join(one.segment)}")
                yield Finding(ERROR, text, evidence, edit(other.file))


# A network and the host.


def compare_with_routes(
    network: Configured, routes: Iterable[RouteEntry], links: dict[int, Link], ports: set[int]
) -> Iterator[Finding]:
    """Routes by other links than the network's own. One that is wider only loses what is in it."""
    seen: set[tuple[Prefix, int]] = set()
    for route in routes:
        link = links.get(route.index)
        if link is None or route.dst.is_default or route.table != RT_TABLE_MAIN:
            continue
        for subnet in network.subnets:
            if not subnet.overlaps(route.dst) or is_everywhere(route.dst) or (route.dst, route.index) in seen:
                continue
            seen.add((route.dst, route.index))
            way = f"ip route: {route.dst.network} dev {link.name}"
            evidence = (way, f"{network.file}: {subnet}")
            if route.dst.length < subnet.length:
                text = f"network {network.name} ({subnet}) hides a part of {route.dst.network} behind {link.name}"
                yield Finding(NOTE, f"{text} from this host", evidence, edit(network.file))
                continue
            text = f"packets for addresses of network {network.name} ({subnet}) go to {link.name}, as does"
            is_idle_bridge = link.kind == BRIDGE and link.index not in ports
            mend = delete_link(link.name) if is_idle_bridge else edit(network.file)
            yield Finding(ERROR, f"{text} {route.dst.network}", evidence, mend)


def compare_with_addresses(network: Configured, addresses: Iterable[tuple[Prefix, Link]]) -> Iterator[Finding]:
    """Single addresses of the host, to which no route leads, that a container could be given too."""
    for prefix, link in addresses:
        if prefix.length < prefix.ip.bits or is_everywhere(prefix):
            continue
        owner = next((each for each in network.ranges if prefix.ip in each and prefix.ip != each.gateway), None)
        if owner:
            text = f"{prefix.ip} is an address of {link.name} on the host, and network {network.name} may give it away"
            evidence = (f"ip address: {prefix} dev {link.name}", f"{network.file}: {owner}")
            yield Finding(ERROR, text, evidence, edit(network.file))


def is_own(network: Configured, link: Link, place: Place) -> bool:
    """Whether the link is the network's: by name or alias, or by the record of what other plugins attached."""
    recorded = {end.name for each in place.list_alive(network.name) for end in each.interfaces if not end.in_container}
    return network.owns_link(link.name, link.alias) or link.name in recorded


def is_everywhere(prefix: Prefix) -> bool:
    """Whether every host has it."""
    return any(prefix.overlaps(each) and prefix.length >= each.length for each in EVERYWHERE)
