"""CHECK: each address has its rule, and in the table there is the way out that ADD put there."""

from __future__ import annotations

from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.previous import list_inside
from poplin.plugins.sbr.plan import list_own
from poplin.plugins.sbr.settings import Settings
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call
    from poplin.spec.result import IPConfig


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    sources = list_inside(call.get_prev_result(), call.ifname)
    with open_container(kernel, call.netns) as container:
        link = container.rtnl.find_link(call.ifname)
        if link is None:
            raise CheckFailed(f"interface {call.ifname!r} is gone from the container", call.netns)
        for source in sources:
            check_source(container, link, source, settings)


def check_source(container: Namespace, link: Link, source: IPConfig, settings: Settings) -> None:
    """Raises CheckFailed."""
    ip = source.address.ip
    rules = [each for each in list_own(container.rtnl.list_rules()) if each.src == source.address.alone]
    table = next((each.table for each in rules if settings.table in (None, each.table)), None)
    if table is None:
        where = f"to table {settings.table}" if settings.table else "to a table of its own"
        raise CheckFailed(f"the routing rule for packets from {ip} is missing", f"it leads {where}")
    gateway = settings.gateways.get(ip.version) or source.gateway
    if settings.table is not None or gateway is None:
        return
    routes = [each for each in container.rtnl.list_routes(ip.family) if each.table == table and each.dst.is_default]
    if not any(each.gw == gateway and each.index == link.index for each in routes):
        instead = ", ".join(str(each.gw) for each in routes) or "none"
        raise CheckFailed(f"the default route via {gateway} is missing from table {table}", f"there is {instead}")
