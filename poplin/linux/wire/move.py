"""A link that goes to another namespace or changes its name, with what is set of it on the way.

It is one message, so there is no moment in which the link has the one and not the other. The kernel sets the link down,
moves it, gives it its new name, which it uses for the move already where the old one is taken, then the alias, and sets
it up last. A link that was moved has no addresses and no routes. Its alternative names go with it, and none of them can
be its new name.
"""

from __future__ import annotations

from poplin.linux.netlink import Request, attribute, nest, text_attribute, u32_attribute
from poplin.linux.wire.link import (
    IFF_UP,
    IFLA_ALT_IFNAME,
    IFLA_IFALIAS,
    IFLA_IFNAME,
    IFLA_NET_NS_FD,
    IFLA_PROP_LIST,
    RTM_NEWLINK,
    info,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.wire.link import Link

RTM_DELLINKPROP = 109  # linux/rtnetlink.h


def move_link(link: Link, namespace: int, name: str, *, alias: str, up: bool = False, where: str = "") -> Request:
    """As `ip link set dev LINK netns WHERE name NAME alias ALIAS`; `namespace` is a descriptor. An empty alias is none.

    The kernel refuses a name that is taken, but only after the move if the old one is not.
    """
    flags = IFF_UP if up else 0
    body = info(link.index, flags, flags) + u32_attribute(IFLA_NET_NS_FD, namespace) + pack_names(name, alias)
    words = f"netns {where or namespace} name {name}{' up' if up else ''} alias {alias}"
    return Request(RTM_NEWLINK, 0, body, f"ip link set dev {link.name} {words}")


def rename_link(link: Link, name: str, *, alias: str, up: bool = False) -> Request:
    """As `ip link set dev LINK name NAME alias ALIAS`. Before Linux 6.2 the link must be down."""
    flags = IFF_UP if up else 0
    body = info(link.index, flags, flags) + pack_names(name, alias)
    words = f"name {name}{' up' if up else ''} alias {alias}"
    return Request(RTM_NEWLINK, 0, body, f"ip link set dev {link.name} {words}")


def delete_alternative_name(link: Link, name: str) -> Request:
    """As `ip link property del dev LINK altname NAME`."""
    body = info(link.index) + nest(IFLA_PROP_LIST, text_attribute(IFLA_ALT_IFNAME, name))
    return Request(RTM_DELLINKPROP, 0, body, f"ip link property del dev {link.name} altname {name}")


def pack_names(name: str, alias: str) -> bytes:
    """What a link is called."""
    return text_attribute(IFLA_IFNAME, name) + attribute(IFLA_IFALIAS, alias.encode())
