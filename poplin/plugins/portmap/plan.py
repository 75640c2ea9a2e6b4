"""Which elements publish which ports: pure, from the settings and the container's addresses."""

from __future__ import annotations

from poplin.linux.nft.elements import Element
from poplin.linux.nft.kinds import IFNAMSIZ
from poplin.linux.nft.nat import HAIRPINS, MASQUERADED_PORTS, NAT, PUBLISHERS, PortMaps
from poplin.plugins.kit.attachment import digest, element_comment
from poplin.plugins.kit.previous import is_inside

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.nft.skeleton import Skeleton
    from poplin.plugins.portmap.mapping import Mapping
    from poplin.plugins.portmap.settings import Settings
    from poplin.spec.address import Prefix
    from poplin.spec.call import Call
    from poplin.spec.result import Result


class Plan:
    """Elements of `skeleton`: `ports`, which somebody else may have already, and `others`, which are ours alone."""

    __slots__ = ("others", "ports", "skeleton")

    def __init__(self, call: Call, settings: Settings, targets: list[Prefix]) -> None:
        self.skeleton, maps = choose_maps(settings)
        comment = element_comment(call.key)
        pairs = [(each, target) for target in targets for each in settings.mappings if fits(each, target)]
        # of two mappings of one host port the first wins
        found = {(e.set.name, e.key): e for e in (publish(maps, *pair, comment) for pair in reversed(pairs))}
        self.ports = list(reversed(found.values()))
        self.others = [publisher(call.key)] if self.ports else []
        if settings.snat and settings.masq_all:
            self.others += [hide_caller(*pair, comment) for pair in unique_targets(pairs)]
        elif settings.snat:
            alone = [target for target in targets if target.length == target.ip.bits]
            self.others += [hairpin(target, comment) for target in alone]


def publisher(key: str) -> Element:
    """That the attachment publishes ports, by as much of its digest as nft(8) lets one write."""
    return Element(PUBLISHERS, (digest(key)[: IFNAMSIZ - 1],), comment=element_comment(key))


def choose_maps(settings: Settings) -> tuple[Skeleton, PortMaps]:
    """The maps for the network's conditions, and the rules that look into them."""
    if not any(settings.conditions.values()):
        return NAT, PortMaps()
    from poplin.linux.nft.when import Conditions  # hardly anybody has any

    conditions = Conditions(settings.conditions)
    return conditions.skeleton, conditions.maps


def find_targets(result: Result, ifname: str) -> list[Prefix]:
    """The container's first address of each version: one without interface, or of CNI_IFNAME inside the sandbox."""
    targets: dict[int, Prefix] = {}
    for item in result.ips:
        if is_inside(item, result, ifname):
            targets.setdefault(item.address.ip.version, item.address)
    return [targets[version] for version in sorted(targets)]


def fits(mapping: Mapping, target: Prefix) -> bool:
    """Whether the mapping is for this version."""
    return target.ip.version in mapping.versions


def publish(maps: PortMaps, mapping: Mapping, target: Prefix, comment: str) -> Element:
    """host [address and] port : container address and port."""
    version = target.ip.version
    data = (target.ip, mapping.container_port)
    if mapping.host_ip:
        key = (mapping.host_ip, mapping.protocol, mapping.host_port)
        return Element(maps.one[version], key, data, comment)
    return Element(maps.every[version], (mapping.protocol, mapping.host_port), data, comment)


def unique_targets(pairs: list[tuple[Mapping, Prefix]]) -> list[tuple[Mapping, Prefix]]:
    """One for each container address, protocol and port."""
    found = {(target, each.protocol, each.container_port): (each, target) for each, target in pairs}
    return list(found.values())


def hide_caller(mapping: Mapping, target: Prefix, comment: str) -> Element:
    """masqAll: this target sees the host as its caller."""
    key = (target.ip, mapping.protocol, mapping.container_port)
    return Element(MASQUERADED_PORTS[target.ip.version], key, comment=comment)


def hairpin(target: Prefix, comment: str) -> Element:
    """A container alone in its network, which calls its own port."""
    return Element(HAIRPINS[target.ip.version], (target.ip,) * 2, end=(target.ip,) * 2, comment=comment)
