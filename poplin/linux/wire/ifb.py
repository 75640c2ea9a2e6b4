"""ifb devices: what is redirected to one leaves by way of its queue and then goes on where it was going."""

from __future__ import annotations

from poplin.linux.netlink import Request, nest, text_attribute, u32_attribute
from poplin.linux.wire.link import IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, IFLA_MTU, IFLA_TXQLEN, add_link

KIND = "ifb"


def add_ifb(name: str, mtu: int) -> Request:
    """As `ip link add NAME mtu MTU txqueuelen 0 type ifb`: it has no queue but the one that it is given."""
    attributes = text_attribute(IFLA_IFNAME, name) + u32_attribute(IFLA_MTU, mtu) + u32_attribute(IFLA_TXQLEN, 0)
    attributes += nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, KIND))
    return add_link(attributes, f"ip link add {name} mtu {mtu} txqueuelen 0 type ifb")
