"""The way to the published ports of one attachment, and taking the ports back."""

from __future__ import annotations

from poplin.linux.nft.nat import HAIRPINS, MASQUERADED_PORTS, PUBLISHERS, VERSIONS, PortMaps
from poplin.plugins.kit import ownership
from poplin.plugins.kit.masquerade import keep_networks
from poplin.plugins.kit.skel import note
from poplin.plugins.portmap.plan import Plan, find_targets, publisher
from poplin.plugins.portmap.settings import Settings
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.nft.elements import Element, Set
    from poplin.linux.nft.ruleset import Ruleset
    from poplin.spec.address import IP, Prefix
    from poplin.spec.call import Call


def open_way(call: Call, kernel: Kernel, settings: Settings, plan: Plan, targets: list[Prefix]) -> None:
    """What ports need beside being ours, for callers of every kind to reach the container. Repeatable."""
    host = kernel.host
    if settings.snat and not settings.masq_all:
        keep_networks(host.nft, HAIRPINS, targets, call)
    forget_flows(call, host, plan.ports)
    for target in targets if settings.snat else ():
        if target.ip.version == 4:
            route_localnet(host, target.ip)


def is_publisher(call: Call, kernel: Kernel) -> bool:
    """Whether we publish ports of this attachment."""
    return kernel.host.nft.find(publisher(call.key)) is not None


def unpublish(call: Call, kernel: Kernel) -> None:
    """Take back every port of this attachment, also when the call does not say which those are."""
    if is_publisher(call, kernel):
        ruleset = kernel.host.nft
        removed = ownership.give_up(ruleset, call.key, find_expected(call), list_sets(ruleset), search=True)
        forget_flows(call, kernel.host, removed)


def find_expected(call: Call) -> list[Element]:
    """The elements that ADD made, as far as the call still says; it may say nothing, or what ADD would refuse."""
    try:
        previous = call.find_prev_result()
        if previous:
            plan = Plan(call, Settings(call), find_targets(previous, call.ifname))
            return [*plan.ports, *plan.others]
    except CNIError:
        pass
    return []


def list_sets(ruleset: Ruleset) -> Iterator[Set]:
    """Every set in which ports have elements."""
    yield PUBLISHERS
    yield from MASQUERADED_PORTS.values()
    yield from HAIRPINS.values()
    for maps in list_maps(ruleset):
        yield from maps.all


def list_maps(ruleset: Ruleset) -> Iterator[PortMaps]:
    """The maps of published ports, those under conditions included."""
    from poplin.linux.nft.when import list_marks, suffix_of

    yield PortMaps()
    for mark in list_marks(ruleset):
        yield PortMaps(suffix_of(mark))


def list_published(ruleset: Ruleset, version: int) -> list[IP]:
    """Every container address that has a port, whoever's."""
    maps = [each for found in list_maps(ruleset) for each in (found.every[version], found.one[version])]
    return [element.data[0] for each in maps for element in ruleset.list(each)]


def forget_flows(call: Call, host: Namespace, ports: Sequence[Element]) -> None:
    """UDP flows to these host ports that the kernel remembers: it would send them where they went before."""
    for version, _ in VERSIONS:
        mine = [each for each in ports if each.data and each.data[0].version == version]
        numbers = {each.key[-1] for each in mine if each.key[-2] == "udp"}
        if not numbers:
            continue
        from poplin.linux.conntrack import flush_udp  # few ports are udp

        try:
            flush_udp(host, version, numbers)
        except OSError as error:  # no connection tracking by netlink: then the flows end by themselves
            note(call, f"cannot make the kernel forget udp flows to ports {sorted(numbers)}: {error}")


def route_localnet(host: Namespace, target: IP) -> None:
    """Let the host itself call published ports at 127.0.0.1: packets from there may leave by the container's link.
    That nobody sends them in from outside is what the chain loopback_guard is for."""
    route = host.rtnl.find_route_to(target)
    link = host.rtnl.find_link_by_index(route.index) if route else None
    if link:
        key = f"net/ipv4/conf/{link.name}/route_localnet"
        if host.read_sysctl(key) != "1":
            host.write_sysctl(key, "1")
