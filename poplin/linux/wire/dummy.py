"""dummy devices, which swallow what is sent over them."""

from __future__ import annotations

from poplin.linux.netlink import Request, nest, text_attribute
from poplin.linux.wire.link import IFLA_IFNAME, IFLA_INFO_KIND, IFLA_LINKINFO, add_link

KIND = "dummy"


def add_dummy(name: str) -> Request:
    """As `ip link add NAME type dummy`."""
    attributes = text_attribute(IFLA_IFNAME, name) + nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, KIND))
    return add_link(attributes, f"ip link add {name} type dummy")
