"""Links of different sizes on one way: what fits into the one and not into the next is lost without a word.

A router may say that a packet is too big, a bridge and the other end of a cable cannot. Where routers do say it,
firewalls tend to swallow it; so a network that is larger than the way out is a warning too.
"""

from __future__ import annotations

from collections.abc import Iterator

from poplin.doctor.configured import BRIDGE, FLANNEL, Configured
from poplin.doctor.finding import ERROR, WARNING, Finding, command, set_mtu
from poplin.doctor.place import Place
from poplin.doctor.rewrite import set_field
from poplin.linux.netlink import unpack_u32
from poplin.linux.wire.link import Link
from poplin.runtime.attachment import Attachment
from poplin.runtime.liveness import find_namespace

IFLA_VXLAN_LINK = 3  # linux/if_link.h
IFLA_VXLAN_GROUP6, IFLA_VXLAN_LOCAL6 = 16, 17
VXLAN_OVERHEAD = {4: 50, 6: 70}  # of outer IP, UDP, VXLAN and the inner Ethernet header


def examine(place: Place) -> Iterator[Finding]:
    """What is larger than what comes behind it."""
    for each in place.networks:
        lower = (place.find_link(each.master) if each.master else place.uplink) if each.mtu else None
        if lower and each.mtu > lower.mtu and (each.is_forwarded or each.master):
            yield tell_large_network(each, lower)
    bridges = {each.bridge: each for each in place.networks if each.bridge}
    for name, network in bridges.items():
        bridge = place.find_link(name)
        if bridge and bridge.kind == BRIDGE:
            yield from compare_ports(bridge, network, place)
    yield from compare_ends(place)
    for link in place.links:
        if link.kind == "vxlan":
            yield from compare_tunnel(link, place)


def tell_large_network(network: Configured, lower: Link) -> Finding:
    """A network with packets that do not fit through its way out."""
    what = f"network {network.name} asks for an mtu of {network.mtu}, and its packets leave by {lower.name} with"
    evidence = (f"{network.file}: mtu {network.mtu}", f"ip link show {lower.name}: mtu {lower.mtu}")
    severity = ERROR if network.master else WARNING  # the kernel refuses a container's link that is larger
    key = "delegate.mtu" if network.first.type == FLANNEL else "mtu"
    return Finding(severity, f"{what} {lower.mtu}", evidence, set_field(network, key, str(lower.mtu)))


def compare_ports(bridge: Link, network: Configured, place: Place) -> Iterator[Finding]:
    """Ports of a bridge that are smaller or larger than it."""
    for port in place.links:
        if port.master == bridge.index and port.mtu != bridge.mtu:
            what = f"port {port.name} of bridge {bridge.name}, of network {network.name}, has mtu {port.mtu}"
            text = f"{what}, and the bridge {bridge.mtu}: what is larger than the smaller one is lost"
            evidence = tuple(f"ip link show {each.name}: mtu {each.mtu}" for each in (bridge, port))
            yield Finding(WARNING, text, evidence, set_mtu(port.name, bridge.mtu))


def compare_ends(place: Place) -> Iterator[Finding]:
    """Cables whose ends differ: the container sends what the host's end does not take."""
    outside = {each.index: each for each in place.links if each.kind == "veth" and each.alias.count("/") == 2}
    for item in place.alive if outside else ():
        yield from place.see_all(compare_cable, item.attachment, outside, place)


def compare_cable(attachment: Attachment, outside: dict[int, Link], place: Place) -> Iterator[Finding]:
    """The cable of one container. Raises OSError."""
    namespace = find_namespace(place.kernel, attachment.netns)
    if namespace is None:
        return
    try:
        inner = namespace.rtnl.find_link(attachment.ifname)
        outer = outside.get(inner.link) if inner and inner.kind == "veth" else None
        if inner and outer and outer.link == inner.index and inner.mtu != outer.mtu:
            yield tell_uneven_cable(inner, outer, attachment.netns)
    finally:
        namespace.close()


def tell_uneven_cable(inner: Link, outer: Link, netns: str) -> Finding:
    """One cable."""
    text = f"{inner.name} of the container in {netns} has mtu {inner.mtu}, and {outer.name} on the host {outer.mtu}"
    evidence = (f"{netns}: {inner.name}: mtu {inner.mtu}", f"ip link show {outer.name}: mtu {outer.mtu}")
    mend = f"{command('nsenter', f'--net={netns}')} {set_mtu(inner.name, outer.mtu)}"
    return Finding(WARNING, f"{text}: what is larger than the smaller one is lost", evidence, mend)


def compare_tunnel(tunnel: Link, place: Place) -> Iterator[Finding]:
    """A tunnel of VXLAN whose packets, with what is put around them, do not fit into the link below."""
    index = unpack_u32(tunnel.data.get(IFLA_VXLAN_LINK))
    lower = next((each for each in place.links if each.index == index), None) if index else place.uplink
    is_over_ipv6 = IFLA_VXLAN_GROUP6 in tunnel.data or IFLA_VXLAN_LOCAL6 in tunnel.data
    overhead = VXLAN_OVERHEAD[6 if is_over_ipv6 else 4]
    if lower and tunnel.mtu + overhead > lower.mtu:
        text = f"{tunnel.name} has mtu {tunnel.mtu}, and with the {overhead} bytes of VXLAN that is more than"
        evidence = tuple(f"ip link show {each.name}: mtu {each.mtu}" for each in (tunnel, lower))
        mend = set_mtu(tunnel.name, lower.mtu - overhead)
        yield Finding(WARNING, f"{text} the {lower.mtu} of {lower.name}", evidence, mend)
