"""The MTU of what an ADD makes: the one asked for, or the uplink's if that is smaller than Ethernet's."""

from __future__ import annotations

from poplin.spec.address import parse_ip
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.fields import Fields
    from poplin.spec.result import Result

ETHERNET_MTU = 1500
SMALLEST_MTU, LARGEST_MTU = 68, 65535  # ETH_MIN_MTU and ETH_MAX_MTU, linux/if_ether.h
SMALLEST_IPV6_MTU = 1280  # RFC 8200, section 5
# Addresses nobody has: the way to them is the default route (RFC 1122, 3.2.1.3; RFC 3849).
ANYWHERE = (parse_ip("0.0.0.1"), parse_ip("2001:db8::1"))


def read_mtu(fields: Fields) -> int:
    """`mtu` of a configuration; 0 means the default. Raises InvalidConfig."""
    mtu = fields.number("mtu")
    if mtu and not SMALLEST_MTU <= mtu <= LARGEST_MTU:
        raise InvalidConfig(f"invalid mtu {mtu}", f"it can be {SMALLEST_MTU} to {LARGEST_MTU}, or 0 for the default")
    return mtu


def choose_mtu(explicit: int, host: Namespace, result: Result, bridge: Link | None = None) -> int:
    """The explicit one, or the bridge's if there is one, or the uplink's; of these two only one below Ethernet's, but
    not too small for IPv6. 0 leaves it to the kernel. Raises InvalidConfig."""
    smallest = SMALLEST_IPV6_MTU if 6 in result.families else 0
    if explicit:
        if explicit < smallest:
            raise InvalidConfig(f"mtu {explicit} is too small for IPv6", f"it needs {smallest}")
        return explicit
    mtu = limit(bridge) if bridge else default_mtu(host)
    return max(mtu, smallest) if mtu else 0


def default_mtu(host: Namespace) -> int:
    """The MTU of the default route's device where it is below Ethernet's, else 0."""
    uplink = find_uplink(host)
    return limit(uplink) if uplink else 0


def find_uplink(namespace: Namespace) -> Link | None:
    """The default route's device, that of IPv4 first."""
    route = namespace.rtnl.find_route_to(ANYWHERE[0]) or namespace.rtnl.find_route_to(ANYWHERE[1])
    return namespace.rtnl.find_link_by_index(route.index) if route else None


def limit(link: Link) -> int:
    """The link's MTU where it is below Ethernet's, else 0."""
    return link.mtu if link.mtu < ETHERNET_MTU else 0
