"""What a chained plugin works on: the interface that one before it made, and its addresses as prevResult has them."""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.result import IPConfig, Result


def list_inside(result: Result, ifname: str) -> list[IPConfig]:
    """The addresses on the interface in question."""
    return [item for item in result.ips if is_inside(item, result, ifname)]


def is_inside(item: IPConfig, result: Result, ifname: str) -> bool:
    """Whether an address is on the interface in question: one without interface, or of CNI_IFNAME inside the sandbox;
    an index that leads nowhere excludes nothing."""
    if item.interface is None or not 0 <= item.interface < len(result.interfaces):
        return True
    interface = result.interfaces[item.interface]
    return interface.name == ifname and bool(interface.sandbox)


def get_chained_link(container: Namespace, ifname: str) -> Link:
    """The interface in the container. Raises InvalidConfig."""
    link = container.rtnl.find_link(ifname)
    if link is None:
        raise InvalidConfig(f"the container has no interface {ifname!r}", "a plugin before this one has to make it")
    return link
