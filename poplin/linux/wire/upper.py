"""A link that is made on top of another one, its master, and shares its frames: macvlan, ipvlan, a VLAN.

It is made from the master's namespace and born in its own under its final name: no move, no rename.
"""

from __future__ import annotations

from poplin.linux.netlink import Request, Struct, attribute, nest, text_attribute, u32_attribute
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
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.wire.link import Link

U16 = Struct("=H")  # what ipvlan and VLANs count in


class Upper(Record):
    """The link to be: `namespace` is a descriptor, `where` says the same for a person; without `mtu` and `mac` it gets
    what its kind has."""

    __slots__ = ("mac", "master", "master_name", "mtu", "name", "namespace", "where")

    def __init__(
        self, name: str, master: Link, namespace: int, where: str = "", *, mtu: int = 0, mac: bytes = b""
    ) -> None:
        self.name = name
        self.master = master.index
        self.master_name = master.name
        self.namespace = namespace
        self.where = where
        self.mtu = mtu
        self.mac = mac


def add_upper(upper: Upper, kind: str, words: str, *data: bytes) -> Request:
    """As `ip link add NAME link MASTER netns WHERE type KIND ...`; `words` say what the attributes in `data` do."""
    attributes = text_attribute(IFLA_IFNAME, upper.name)
    attributes += u32_attribute(IFLA_LINK, upper.master) + u32_attribute(IFLA_NET_NS_FD, upper.namespace)
    text = f"ip link add {upper.name} link {upper.master_name}" + (f" netns {upper.where}" if upper.where else "")
    if upper.mtu:
        attributes += u32_attribute(IFLA_MTU, upper.mtu)
        text += f" mtu {upper.mtu}"
    if upper.mac:
        attributes += attribute(IFLA_ADDRESS, upper.mac)
        text += f" address {format_mac(upper.mac)}"
    linkinfo = nest(IFLA_LINKINFO, text_attribute(IFLA_INFO_KIND, kind), nest(IFLA_INFO_DATA, *data))
    return add_link(attributes + linkinfo, f"{text} type {kind} {words}")
