"""VRF devices: a routing table of their own for the links that have one as master."""

from __future__ import annotations

from poplin.linux.netlink import Request, nest, text_attribute, u32_attribute, unpack_u32
from poplin.linux.wire.link import IFLA_IFNAME, IFLA_INFO_DATA, IFLA_INFO_KIND, IFLA_LINKINFO, add_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.wire.link import Link

KIND = "vrf"
IFLA_VRF_TABLE = 1  # linux/if_link.h


def add_vrf(name: str, table: int) -> Request:
    """As `ip link add NAME type vrf table TABLE`."""
    info = text_attribute(IFLA_INFO_KIND, KIND) + nest(IFLA_INFO_DATA, u32_attribute(IFLA_VRF_TABLE, table))
    attributes = text_attribute(IFLA_IFNAME, name) + nest(IFLA_LINKINFO, info)
    return add_link(attributes, f"ip link add {name} type vrf table {table}")


def table_of(vrf: Link) -> int:
    """The table of such a link."""
    return unpack_u32(vrf.data.get(IFLA_VRF_TABLE))
