"""Routes that were taken away come back, beside those of others: `ip route replace` would hit whoever else has the same
destination."""

from __future__ import annotations

from poplin.linux.wire.route import append_route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.route import RouteEntry


def append_missing(container: Namespace, link: Link, routes: Sequence[RouteEntry]) -> None:
    """Have these routes of the link, those on the link first, as a gateway has to be within reach. Raises
    NetlinkError."""
    present = {describe(each) for each in container.rtnl.list_routes()}
    missing = [each for each in on_link_first(routes) if describe(each) not in present]
    container.rtnl.apply(*(append_route(link.name, each) for each in missing))


def on_link_first(routes: Sequence[RouteEntry]) -> list[RouteEntry]:
    """The order in which they can be made."""
    return sorted(routes, key=lambda each: bool(each.gw))


def describe(route: RouteEntry) -> tuple[object, ...]:
    """What makes it the route it is."""
    return route.dst, route.gw, route.index, route.table, route.priority
