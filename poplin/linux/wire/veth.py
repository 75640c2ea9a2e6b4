"""veth pairs, made whole in one message (linux/veth.h).

The pair's far end is born in the container's namespace under its final name: moving it there later would cost 15 ms
of the kernel's grace period, and a rename would race with udev.
"""

from __future__ import annotations

from poplin.linux.netlink import Request, attribute, nest, text_attribute, u32_attribute
from poplin.linux.wire.link import (
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    IFLA_NET_NS_FD,
    add_link,
    format_mac,
    info,
)

VETH_INFO_PEER = 1


def add_veth(
    name: str, peer: str, peer_namespace: int, where: str = "", *, mtu: int = 0, peer_mac: bytes = b""
) -> Request:
    """As `ip link add NAME type veth peer name PEER netns WHERE`; `peer_namespace` is a descriptor."""
    both = u32_attribute(IFLA_MTU, mtu) if mtu else b""
    far = info() + text_attribute(IFLA_IFNAME, peer) + u32_attribute(IFLA_NET_NS_FD, peer_namespace) + both
    text = f"ip link add {name}{f' mtu {mtu}' if mtu else ''} type veth peer name {peer}"
    if where:
        text += f" netns {where}"
    if mtu:
        text += f" mtu {mtu}"
    if peer_mac:
        far += attribute(IFLA_ADDRESS, peer_mac)
        text += f" address {format_mac(peer_mac)}"
    kind = text_attribute(IFLA_INFO_KIND, "veth")
    linkinfo = nest(IFLA_LINKINFO, kind, nest(IFLA_INFO_DATA, attribute(VETH_INFO_PEER, far)))
    return add_link(text_attribute(IFLA_IFNAME, name) + both + linkinfo, text)
