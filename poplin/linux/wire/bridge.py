"""Bridges and their ports (linux/if_link.h, IFLA_BR_* and IFLA_BRPORT_*)."""

from __future__ import annotations

import sys

from poplin.linux.netlink import Request, attribute, nest, text_attribute, u32_attribute
from poplin.linux.wire.link import (
    IFLA_ADDRESS,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_INFO_SLAVE_DATA,
    IFLA_LINKINFO,
    IFLA_MTU,
    RTM_NEWLINK,
    add_link,
    format_mac,
    info,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.wire.link import Link

IFLA_BR_VLAN_DEFAULT_PVID = 39
IFLA_BR_VLAN_FILTERING = 7
IFLA_BRPORT_ISOLATED = 33
IFLA_BRPORT_MODE = 4  # hairpin
IFLA_INFO_SLAVE_KIND = 4

MOST_PORTS = 1023  # BR_MAX_PORTS - 1, net/bridge/br_private.h


def add_bridge(name: str, mac: bytes, *, mtu: int = 0, vlan_filtering: bool = False) -> Request:
    """As `ip link add NAME type bridge`. An address given here stays, whatever ports come and go."""
    attributes = text_attribute(IFLA_IFNAME, name) + attribute(IFLA_ADDRESS, mac)
    text = f"ip link add {name} address {format_mac(mac)}"
    if mtu:
        attributes += u32_attribute(IFLA_MTU, mtu)
        text += f" mtu {mtu}"
    text += " type bridge"
    kind = text_attribute(IFLA_INFO_KIND, "bridge")
    if vlan_filtering:
        kind += nest(IFLA_INFO_DATA, attribute(IFLA_BR_VLAN_FILTERING, b"\1"))
        text += " vlan_filtering 1"
    return add_link(attributes + nest(IFLA_LINKINFO, kind), text)


def set_port(name: str, index: int, *, hairpin: bool, isolated: bool) -> Request:
    """As `ip link set dev NAME type bridge_slave hairpin on|off isolated on|off`."""
    switches = {IFLA_BRPORT_MODE: hairpin, IFLA_BRPORT_ISOLATED: isolated}
    data = b"".join(attribute(kind, bytes([value])) for kind, value in switches.items())
    slave = nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_SLAVE_KIND, "bridge"), nest(IFLA_INFO_SLAVE_DATA, data))
    words = f"hairpin {on_off(hairpin)} isolated {on_off(isolated)}"
    return Request(RTM_NEWLINK, 0, info(index) + slave, f"ip link set dev {name} type bridge_slave {words}")


def has_vlan_filtering(bridge: Link) -> bool:
    """Whether the bridge looks at VLANs; without, it passes every frame to every port."""
    return bridge.data.get(IFLA_BR_VLAN_FILTERING, b"\0") != b"\0"


def default_vlan(bridge: Link) -> int:
    """The VLAN that a new port gets as its native one; 0 for none."""
    return int.from_bytes(bridge.data.get(IFLA_BR_VLAN_DEFAULT_PVID, b""), sys.byteorder)


def has_hairpin(port: Link) -> bool:
    """Whether the bridge sends back what comes in here."""
    return port.port.get(IFLA_BRPORT_MODE, b"\0") != b"\0"


def is_isolated(port: Link) -> bool:
    """Whether the port is kept from other isolated ports."""
    return port.port.get(IFLA_BRPORT_ISOLATED, b"\0") != b"\0"


def on_off(value: bool) -> str:
    """As ip(8) says it."""
    return "on" if value else "off"
