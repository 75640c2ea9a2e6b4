"""Which elements let an attachment through, and which keep others from it: pure, from settings and prevResult."""

from __future__ import annotations

from poplin.linux.nft.elements import Element
from poplin.linux.nft.forward import (
    ALLOWED,
    GUARDED,
    GUESTS,
    ISOLATED_PORTS,
    SELVES,
    STRANGERS,
    ZONED,
    admin_skeleton,
)
from poplin.linux.nft.kinds import IFNAMSIZ
from poplin.plugins.firewall.settings import ISOLATED, OPEN, SAME_BRIDGE
from poplin.plugins.kit.attachment import digest, element_comment
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.nft.elements import Set
    from poplin.plugins.firewall.settings import Settings
    from poplin.spec.address import IP
    from poplin.spec.call import Call
    from poplin.spec.result import Result

OWNED = (*ALLOWED.values(), *ZONED.values(), GUESTS, ISOLATED_PORTS)  # where attachments have elements


class Plan:
    """Elements of the attachment's own: `elements` of `skeleton`, which has the `admin_chain`, and the `ports` of a
    bridge that are to be isolated; and what all containers of the bridge share, `bridges`."""

    __slots__ = ("addresses", "admin_chain", "bridges", "elements", "ports", "skeleton")

    def __init__(self, call: Call, settings: Settings, result: Result, *, is_zoned: bool) -> None:
        """Raises InvalidConfig if there is no bridge to apply the policy to."""
        comment = element_comment(call.key)
        self.admin_chain = settings.admin_chain
        self.skeleton = admin_skeleton(settings.admin_chain)
        self.addresses = list_addresses(result)
        self.elements = own_addresses(ALLOWED, self.addresses, comment)
        if is_zoned:
            self.elements += own_addresses(ZONED, self.addresses, comment)
        self.bridges: list[Element] = []
        self.ports: list[Element] = []
        if settings.policy != OPEN:
            bridge = get_bridge(result, settings.policy)
            self.elements.append(guest(call.key, bridge, settings.policy))
            self.bridges = guard(bridge, settings.policy)
        if settings.policy == ISOLATED:
            self.ports = own_ports(result, comment)

    @property
    def versions(self) -> list[int]:
        """Of the addresses."""
        return sorted({each.version for each in self.addresses})


def list_candidates(call: Call, result: Result) -> list[Element]:
    """All that ADD can have made for this result, whatever the settings were."""
    comment = element_comment(call.key)
    addresses = list_addresses(result)
    found = own_addresses(ALLOWED, addresses, comment) + own_addresses(ZONED, addresses, comment)
    names = [each.name for each in result.interfaces[:1] if is_name(each.name)]
    found += [guest(call.key, name, policy) for name in names for policy in (SAME_BRIDGE, ISOLATED)]
    return found + own_ports(result, comment)


def list_addresses(result: Result) -> list[IP]:
    """Each once, whichever interface it is on."""
    return list(dict.fromkeys(item.address.ip for item in result.ips))


def own_addresses(sets: dict[int, Set], addresses: list[IP], comment: str) -> list[Element]:
    """The elements for these addresses."""
    return [Element(sets[each.version], (each,), comment=comment) for each in addresses]


def own_ports(result: Result, comment: str) -> list[Element]:
    """What the attachment has on the host beside the bridge, among it the port."""
    bridge = result.interfaces[0].name if result.interfaces else ""
    names = {each.name: None for each in result.interfaces if not each.sandbox and each.name != bridge}
    return [Element(ISOLATED_PORTS, (name,), comment=comment) for name in names if is_name(name)]


def get_bridge(result: Result, policy: str) -> str:
    """The first interface of the result. Raises InvalidConfig."""
    if not result.interfaces:
        raise InvalidConfig("prevResult has no interfaces", f"ingressPolicy {policy!r} is about the first, a bridge")
    name = result.interfaces[0].name
    if not is_name(name):
        wants = f"ingressPolicy {policy!r} is about a bridge of that name"
        raise InvalidConfig(f"the first interface of prevResult has the name {name[:200]!r}", wants)
    return name


def is_name(name: str) -> bool:
    """Whether a link can be called so, as far as an element has room for it."""
    return bool(name) and len(name.encode(errors="replace")) < IFNAMSIZ and "\0" not in name


def guest(key: str, bridge: str, policy: str) -> Element:
    """That this attachment wants the bridge to be kept apart."""
    return Element(GUESTS, (bridge, policy, digest(key)[: IFNAMSIZ - 1]), comment=element_comment(key))


def guard(bridge: str, policy: str) -> list[Element]:
    """What keeps it apart; it has no owner, as it is everybody's."""
    elements = [Element(GUARDED, (bridge,)), Element(SELVES, (bridge, bridge))]
    return [*elements, Element(STRANGERS, (bridge, bridge))] if policy == ISOLATED else elements
