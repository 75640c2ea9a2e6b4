"""Which rules and routes send an address its own way: pure, from what the container has now."""

from __future__ import annotations

from poplin.linux.wire.route import PROTOCOL, RT_SCOPE_LINK, RT_TABLE_MAIN, RouteEntry
from poplin.linux.wire.rule import RoutingRule
from poplin.plugins.kit.routes import on_link_first
from poplin.spec.address import parse_prefix

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poplin.plugins.sbr.settings import Settings
    from poplin.spec.address import IP
    from poplin.spec.result import IPConfig

FIRST_TABLE = 100
RESERVED = frozenset((253, 254, 255))  # default, main, local
POINTER = PROTOCOL + 1  # of a rule that leads to somebody else's table
UNMARKED = 0  # what the reference's rules have; ip(8) has another
OWN = frozenset((PROTOCOL, POINTER, UNMARKED))
DEFAULT = {4: parse_prefix("0.0.0.0/0"), 6: parse_prefix("::/0")}
NEIGHBOURHOOD = parse_prefix("fe80::/10")  # what is on the link whatever the source; its route stays where it is
BEFORE_THE_KERNELS = 255  # a metric; IPv6's own routes to networks have 256, and no source


class Plan:
    """`rules` to add and `stale` ones to take out; `routes` to put into tables of our own, `hints` beside those of the
    main table, and `moved`: those to take out of that."""

    __slots__ = ("hints", "moved", "routes", "rules", "stale")

    def __init__(self) -> None:
        self.rules: list[RoutingRule] = []
        self.stale: list[RoutingRule] = []
        self.routes: list[RouteEntry] = []
        self.hints: list[RouteEntry] = []
        self.moved: list[RouteEntry] = []

    @property
    def new_tables(self) -> set[int]:
        """Those of our own that were not there before."""
        return {rule.table for rule in self.rules if rule.protocol == PROTOCOL}

    def lead(self, source: IPConfig, rule: RoutingRule, rules: Sequence[RoutingRule]) -> None:
        """Have this rule for an address, and none of ours that leads elsewhere."""
        mine = [each for each in list_own(rules) if each.src == source.address.alone]
        if not any(each.table == rule.table for each in mine):
            self.rules.append(rule)
        self.stale += [each for each in mine if each.table != rule.table]


def point_to(table: int, sources: Sequence[IPConfig], rules: Sequence[RoutingRule]) -> Plan:
    """Rules alone, to a table that somebody else fills."""
    plan = Plan()
    for source in sources:
        plan.lead(source, RoutingRule(source.address.alone, table, protocol=POINTER), rules)
    return plan


def divert(
    index: int,
    sources: Sequence[IPConfig],
    settings: Settings,
    rules: Sequence[RoutingRule],
    routes: Sequence[RouteEntry],
) -> Plan:
    """A table for each address, with the interface's routes of the main table that are the address' business.

    `index` is the interface's. An address that has its table, as after an ADD before this one, keeps it.
    """
    plan = Plan()
    own = [each for each in routes if each.index == index and each.table == RT_TABLE_MAIN]
    tables = free_tables(rules, routes)
    for source in sources:
        table = find_own_table(source, rules) or next(tables)
        plan.lead(source, RoutingRule(source.address.alone, table), rules)
        mine = [each for each in own if belongs(each, source) and not is_hint(each)]
        gateway = settings.gateways.get(source.address.ip.version) or source.gateway
        plan.routes += [each.in_table(table) for each in lead_out(mine, index, gateway)]
        plan.moved += [each for each in mine if each not in plan.moved and is_movable(each)]
        if settings.source_hints:
            plan.hints += list_hints(source, index, own)
    if settings.source_hints:
        plan.moved = [each for each in plan.moved if each.gw]
    return plan


def lead_out(mine: list[RouteEntry], index: int, gateway: IP | None) -> list[RouteEntry]:
    """These routes, those on the link first; if there is a gateway, the default route is by it and no other."""
    if gateway is None:
        return on_link_first(mine)
    rest = [each for each in mine if not each.dst.is_default]
    by_it = [each for each in mine if each.dst.is_default and each.gw == gateway]
    return on_link_first(rest) + (by_it or [RouteEntry(DEFAULT[gateway.version], index, gateway)])


def belongs(route: RouteEntry, source: IPConfig) -> bool:
    """Whether a route is the address' business: by source or gateway in its network, or for want of both."""
    if route.dst.ip.version != source.address.ip.version:
        return False
    known = [ip for ip in (route.src, route.gw) if ip]
    return not known or any(ip in source.address.network for ip in known)


def is_movable(route: RouteEntry) -> bool:
    """Whether the main table can do without. Of an IPv4 route with several next hops the kernel takes all or none
    out."""
    is_whole = not route.is_shared or route.dst.ip.version == 6
    return is_whole and route.dst.ip not in NEIGHBOURHOOD


def list_own(rules: Sequence[RoutingRule]) -> list[RoutingRule]:
    """The rules that are an sbr's, ours or the reference's: about a source alone, and unmarked or marked by us."""
    return [each for each in rules if each.is_plain and each.protocol in OWN and each.table not in RESERVED]


def find_own_table(source: IPConfig, rules: Sequence[RoutingRule]) -> int | None:
    """The table that was made for an address."""
    found = (each.table for each in list_own(rules) if each.src == source.address.alone and each.protocol != POINTER)
    return next(found, None)


def free_tables(rules: Sequence[RoutingRule], routes: Sequence[RouteEntry]) -> Iterator[int]:
    """The tables, from 100, which no rule and no route names."""
    used = {rule.table for rule in rules} | {route.table for route in routes} | RESERVED
    table = FIRST_TABLE
    while True:
        if table not in used:
            yield table
        table += 1


def is_hint(route: RouteEntry) -> bool:
    """Whether an ADD before this one made it."""
    return route.protocol == PROTOCOL and route.src is not None


def list_hints(source: IPConfig, index: int, own: Sequence[RouteEntry]) -> list[RouteEntry]:
    """The route to the address' network, which tells programs without an address to use this one, unless the kernel's
    says so, as it does of the first address of IPv4."""
    network, ip = source.address.network, source.address.ip
    if network.length == ip.bits or any((each.dst, each.src) == (network, ip) for each in own):
        return []
    if ip.version == 4:
        return [RouteEntry(network, index, scope=RT_SCOPE_LINK, src=ip)]
    return [RouteEntry(network, index, src=ip, priority=BEFORE_THE_KERNELS)]
