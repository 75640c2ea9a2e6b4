"""In and out of a VRF with all that an interface has.

The kernel takes it down and up for that, and so away the routes that somebody made, and IPv6 addresses unless it is
asked to keep them. Both are remembered before and put back after, the routes into the table that counts then.
"""

from __future__ import annotations

from poplin.linux.wire.addr import add_address
from poplin.linux.wire.link import free_link, set_link
from poplin.linux.wire.route import RT_TABLE_MAIN, RTPROT_KERNEL, RouteEntry
from poplin.plugins.kit.container import wait_for_dad
from poplin.plugins.kit.routes import append_missing

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.addr import Address
    from poplin.linux.wire.link import Link


class Belongings:
    """The global IPv6 `addresses` of an interface, and the `routes` by it that the kernel did not make itself."""

    __slots__ = ("addresses", "routes")

    def __init__(self, container: Namespace, link: Link, table: int) -> None:
        self.addresses = [each for each in list_ipv6_addresses(container, link) if each.is_global]
        self.routes = [each for each in container.rtnl.list_routes() if is_lost(each, link, table)]


def list_ipv6_addresses(container: Namespace, link: Link) -> list[Address]:
    """Those of the interface."""
    return [each for each in container.rtnl.list_addresses(link.index) if each.prefix.ip.version == 6]


def is_lost(route: RouteEntry, link: Link, table: int) -> bool:
    """Whether a route of this table would be gone."""
    return route.index == link.index and route.table == table and route.protocol != RTPROT_KERNEL


def join(container: Namespace, link: Link, vrf: Link, table: int, kept: Belongings) -> None:
    """Put the interface into the VRF."""
    if kept.addresses:
        container.prefer_sysctl(f"net/ipv6/conf/{link.name}/keep_addr_on_down", "1")
    container.rtnl.apply(set_link(link.name, link.index, master=vrf.index, master_name=vrf.name))
    restore(container, link, kept, table)


def leave(container: Namespace, link: Link, kept: Belongings) -> None:
    """Take it out again, if it is in; back to the main table."""
    now = container.rtnl.find_link_by_index(link.index)
    if now and now.master:
        container.rtnl.apply(free_link(link.name, link.index))
        restore(container, link, kept, RT_TABLE_MAIN)


def restore(container: Namespace, link: Link, kept: Belongings, table: int) -> None:
    """What is missing of its addresses, then its routes, those on the link first."""
    present = {each.prefix for each in list_ipv6_addresses(container, link)}
    missing = [each.prefix for each in kept.addresses if each.prefix not in present]
    container.rtnl.apply(*(add_address(link.name, link.index, prefix) for prefix in missing))
    if kept.addresses:
        wait_for_dad(container, link)  # a gateway is refused while the address beside it is on probation
    append_missing(container, link, [each.in_table(table) for each in kept.routes])
