"""Switches of the kernel that stop containers' packets: forwarding, IPv6, the filter by origin, 127.0.0.1 as a caller.

ADD sets those it needs. So a switch that is off says nothing while nothing is attached, unless it cannot be set; and it
is an error as soon as something is: then somebody switched it off.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from socket import AF_INET

from poplin.doctor.configured import PORTMAP, Configured
from poplin.doctor.finding import ERROR, NOTE, WARNING, Finding, count, name_all, set_switch
from poplin.doctor.place import Place
from poplin.linux.netlink import NetlinkError, Request, attribute
from poplin.linux.sysctl import ROOT
from poplin.linux.wire.link import Link
from poplin.linux.wire.route import RTM_GETROUTE, get_route, unpack_routes
from poplin.plugins.kit.switches import FORWARDING, disable_ipv6_key
from poplin.runtime.survey import SeenAttachment, SeenInterface
from poplin.spec.address import IP, parse_ip

RTA_SRC = 2  # linux/rtnetlink.h
MAIN_TABLE = 254
STRICT = 1  # of rp_filter, Documentation/networking/ip-sysctl.rst
FAR_AWAY = parse_ip("198.51.100.1")  # RFC 5737: nobody has it, so the way to it is a default route


def examine(place: Place) -> Iterator[Finding]:
    """What is off, and what that stops."""
    yield from find_forwarding(place)
    yield from find_single_links(place)
    yield from find_ipv6(place)
    if any(each.find_plugin(PORTMAP) for each in place.networks):
        yield from find_strict_uplinks(place)
        yield from find_loopback_callers(place)


# Forwarding.


def find_forwarding(place: Place) -> Iterator[Finding]:
    """For each IP version whether the host forwards at all."""
    for version, key in FORWARDING.items():
        wanting = [each for each in place.networks if each.is_forwarded and version in each.versions]
        value = place.find_switch(key)
        if wanting and value == "0":
            attached = [item for each in wanting for item in place.list_alive(each.name)]
            can_be_set = not os.statvfs(ROOT + key).f_flag & os.ST_RDONLY
            yield judge_forwarding(version, key, wanting, attached, can_be_set=can_be_set)


def judge_forwarding(
    version: int, key: str, wanting: list[Configured], attached: list[SeenAttachment], *, can_be_set: bool
) -> Finding:
    """A host that does not forward, and networks for which it should."""
    names = name_all([each.name for each in wanting])
    evidence = (f"{ROOT}{key} is 0", *(f"{each.file}: this host forwards for its containers" for each in wanting))
    what = f"the host does not forward IPv{version}"
    if attached:
        who = f"{count(len(attached), 'container')} of {names} {'is' if len(attached) == 1 else 'are'} attached"
        return Finding(ERROR, f"{what}, and {who}", evidence, set_switch(key, 1))
    if not can_be_set:
        need = "needs" if len(wanting) == 1 else "need"
        text = f"{what}, {names} {need} it, and it cannot be switched on, as /proc/sys is read-only"
        return Finding(ERROR, text, evidence, f"mount -o remount,rw /proc/sys && {set_switch(key, 1)}")
    text = f"{what} yet; the first container of {names} switches that on"
    return Finding(NOTE, text, evidence, set_switch(key, 1))


def find_single_links(place: Place) -> Iterator[Finding]:
    """A link on the way of containers' packets for which alone forwarding is off."""
    if place.find_switch(FORWARDING[4]) != "1":
        return
    ways = {each.bridge: each.name for each in place.networks if each.is_forwarded and each.bridge}
    ways = {name: network for name, network in ways.items() if place.list_alive(network)}
    if ways and place.uplink:
        ways.setdefault(place.uplink.name, next(iter(ways.values())))
    for name, network in ways.items():
        key = f"net/ipv4/conf/{name}/forwarding"
        if place.find_switch(key) == "0":
            text = f"the host forwards, but not what comes in by {name}, as packets of network {network} do"
            yield Finding(ERROR, text, (f"{ROOT}{key} is 0",), set_switch(key, 1))


# IPv6.


def find_ipv6(place: Place) -> Iterator[Finding]:
    """Networks with IPv6 addresses on a host without IPv6."""
    wanting = [each for each in place.networks if 6 in each.versions]
    if not wanting:
        return
    who = f"{name_all([each.name for each in wanting])} {'has' if len(wanting) == 1 else 'have'} IPv6 addresses"
    files = tuple(f"{each.file}: has IPv6 addresses" for each in wanting)
    everywhere = place.find_switch(disable_ipv6_key("all"))
    if everywhere is None:
        return
    if not everywhere:
        text = f"the kernel has no IPv6, and {who}; boot it without ipv6.disable=1"
        yield Finding(ERROR, text, (f"there is no {ROOT}net/ipv6", *files))
        return
    if everywhere == "1":
        text = f"IPv6 is off on this host, and {who}"
        evidence = (f"{ROOT}{disable_ipv6_key('all')} is 1", *files)
        yield Finding(WARNING, text, evidence, set_switch(disable_ipv6_key("all"), 0))
        return
    for each in wanting:
        key = disable_ipv6_key(each.bridge)
        if each.bridge and place.list_alive(each.name) and place.find_switch(key) == "1":
            text = f"IPv6 is off on bridge {each.bridge}, and containers of network {each.name} have IPv6 addresses"
            yield Finding(ERROR, text, (f"{ROOT}{key} is 1",), set_switch(key, 0))


# Ports.


def find_strict_uplinks(place: Place) -> Iterator[Finding]:
    """A second way in whose packets are dropped, as answers would leave by the first: published ports are dead there.

    The kernel is asked for the very way it would compare with, so rules of routing that set this right count.
    """
    defaults = place.see_all(place.host.rtnl.list_routes, AF_INET)
    ways = {each.index for each in defaults if each.dst.is_default and each.table == MAIN_TABLE}
    for link in (each for each in place.links if each.index in ways and len(ways) > 1):
        every, own = (f"net/ipv4/conf/{name}/rp_filter" for name in ("all", link.name))
        if max(place.find_switch(every) or "0", place.find_switch(own) or "0") != str(STRICT):
            continue
        for address in place.see_all(place.host.rtnl.list_addresses, link.index, AF_INET):
            if address.is_global and (other := find_other_way(place, address.prefix.ip, link)):
                text = f"who calls a published port at {address.prefix.ip} is not heard, as {link.name} is strict"
                evidence = (
                    f"{ROOT}{own}, or that of all, is {STRICT}",
                    f"ip route get {FAR_AWAY} from {address.prefix.ip}: leaves by {other.name}",
                )
                yield Finding(WARNING, text, evidence, set_switch(own, 2))


def find_other_way(place: Place, source: IP, link: Link) -> Link | None:
    """The link by which this address answers, if that is another one."""
    plain = get_route(FAR_AWAY)
    body = bytearray(plain.body + attribute(RTA_SRC, source.packed))
    body[2] = source.bits  # rtm_src_len
    try:
        answer = place.host.rtnl.socket.ask(Request(RTM_GETROUTE, 0, bytes(body), f"{plain.text} from {source}"))
    except NetlinkError:
        return None
    index = unpack_routes(answer)[0].index
    return next((each for each in place.links if each.index == index != link.index), None)


def find_loopback_callers(place: Place) -> Iterator[Finding]:
    """Published ports that the host itself cannot call at 127.0.0.1."""
    publishing = [item for item in place.alive if any(port.is_present for port in item.ports)]
    ways = {end.name: item.network for item in publishing for end in list_ways(item)}
    for name, network in ways.items():
        key = f"net/ipv4/conf/{name}/route_localnet"
        if place.find_switch(key) != "0":
            continue
        text = f"the host itself cannot call ports that network {network} publishes at 127.0.0.1"
        yield Finding(WARNING, text, (f"{ROOT}{key} is 0",), set_switch(key, 1))


def list_ways(item: SeenAttachment) -> list[SeenInterface]:
    """The links by which packets leave the host for the container: the bridge, or where there is none its own."""
    return [item.bridge] if item.bridge else [end for end in item.interfaces if not end.in_container]
