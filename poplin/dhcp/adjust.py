"""The container's interface made to fit its lease, when a server changed the address or it ran out.

The first lease is put on by the plugin that asked for it; afterwards nobody but the daemon knows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from poplin.dhcp.lease import Lease, result_of
from poplin.linux.netlink import NetlinkError
from poplin.linux.netns import Namespace
from poplin.linux.wire.addr import add_address
from poplin.linux.wire.link import Link
from poplin.linux.wire.route import RouteEntry, append_route
from poplin.plugins.kit.container import resolve_routes
from poplin.spec.address import Prefix


def change_interface(namespace: Namespace, link: Link, old: Lease | None, new: Lease | None, priority: int) -> None:
    """Address and routes of `old` off, those of `new` on. Raises NetlinkError, the first, when all is done that can
    be: a router that cannot be reached is the server's mistake, and the address good all the same."""
    wanted = list_routes(link, new, priority)
    for entry in list_routes(link, old, priority):
        if entry not in wanted:
            namespace.rtnl.remove_route(link.name, entry)
    change_address(namespace, link, old.address if old else None, new.address if new else None)
    refused: NetlinkError | None = None
    for entry in wanted:
        try:
            namespace.rtnl.ensure(append_route(link.name, entry))
        except NetlinkError as error:
            refused = refused or error
    if refused:
        raise refused


def list_routes(link: Link, lease: Lease | None, priority: int) -> list[RouteEntry]:
    """The routes of a lease as the plugin makes them."""
    if lease is None:
        return []
    result = result_of(lease, priority)
    return resolve_routes(link, result.ips, result.routes)


def change_address(namespace: Namespace, link: Link, old: Prefix | None, new: Prefix | None) -> None:
    """The new one on before the old goes, because with the last address of a link the kernel takes away every route
    over it, whoever made it. Not so if only the prefix differs, by which it would not tell them apart."""
    if old and new and old != new and old.ip == new.ip:
        namespace.rtnl.remove_address(link.name, link.index, old)
    if new:
        namespace.rtnl.ensure(add_address(link.name, link.index, new))
    if old and (new is None or old.ip != new.ip):
        with promoting(namespace, link.name):
            namespace.rtnl.remove_address(link.name, link.index, old)
    if new:  # again, where the switch cannot be set
        namespace.rtnl.ensure(add_address(link.name, link.index, new))


@contextmanager
def promoting(namespace: Namespace, name: str) -> Iterator[None]:
    """Without this a link that loses an address loses those of the same network that came after it."""
    key = f"net/ipv4/conf/{name}/promote_secondaries"
    try:
        before = namespace.read_sysctl(key)
    except OSError:
        before = ""
    namespace.prefer_sysctl(key, "1")
    yield
    if before:
        namespace.prefer_sysctl(key, before)
