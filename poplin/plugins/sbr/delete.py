"""DEL: take the rules away. The routes go with the interface."""

from __future__ import annotations

from poplin.plugins.kit.container import find_container
from poplin.plugins.kit.previous import list_inside
from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.sbr.plan import list_own
from poplin.plugins.sbr.settings import find_table
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.address import Prefix
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable; with the namespace nothing of it is left either."""
    container = find_container(kernel, call.netns)
    if container is None:
        return
    with container, Teardown() as teardown:
        mine = list_told(call) | list_held(container, call.ifname)
        table = find_known_table(call)
        for rule in list_own(container.rtnl.list_rules()):
            if rule.src in mine and table in (None, rule.table):
                teardown.run(container.rtnl.remove_rule, rule)


def list_told(call: Call) -> set[Prefix]:
    """The interface's addresses as prevResult has them; a plugin before this one may have taken them off already."""
    try:
        previous = call.find_prev_result()
    except CNIError:
        return set()
    return {each.address.alone for each in list_inside(previous, call.ifname)} if previous else set()


def list_held(container: Namespace, ifname: str) -> set[Prefix]:
    """Those it has."""
    link = container.rtnl.find_link(ifname)
    addresses = container.rtnl.list_addresses(link.index) if link else []
    return {each.prefix.alone for each in addresses}


def find_known_table(call: Call) -> int | None:
    """The configured table; one that ADD would refuse was never used."""
    try:
        return find_table(call)
    except CNIError:
        return None
