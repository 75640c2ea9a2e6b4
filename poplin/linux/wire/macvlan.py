"""macvlan devices (linux/if_link.h, IFLA_MACVLAN_*)."""

from __future__ import annotations

from poplin.linux.netlink import Request, attribute, nest, text_attribute, u32_attribute
from poplin.linux.wire.link import (
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINK,
    IFLA_LINKINFO,
    IFLA_MTU,
    IFLA_NET_NS_FD,
    add_link,
    format_mac,
)

IFLA_MACVLAN_MODE = 1
MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}


def add_macvlan(
    name: str, master: int, namespace: int, mode: str, where: str = "", *, mtu: int = 0, mac: bytes = b""
) -> Request:
    """As `ip link add NAME link MASTER netns WHERE type macvlan mode MODE`, born in its namespace."""
    attributes = text_attribute(IFLA_IFNAME, name)
    attributes += u32_attribute(IFLA_LINK, master) + u32_attribute(IFLA_NET_NS_FD, namespace)
    text = f"ip link add {name} link {master}" + (f" netns {where}" if where else "")
    if mtu:
        attributes += u32_attribute(IFLA_MTU, mtu)
        text += f" mtu {mtu}"
    if mac:
        attributes += attribute(IFLA_ADDRESS, mac)
        text += f" address {format_mac(mac)}"
    data = nest(IFLA_INFO_DATA, u32_attribute(IFLA_MACVLAN_MODE, MODES[mode]))
    linkinfo = nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, "macvlan"), data)
    return add_link(attributes + linkinfo, f"{text} type macvlan mode {mode}")
