"""ADD: the interface goes into the VRF, which is made if it is not there; then prevResult as it was."""

from __future__ import annotations

from poplin.linux.wire.route import RT_TABLE_MAIN
from poplin.linux.wire.vrf import table_of
from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.locking import NamespaceLock
from poplin.plugins.kit.previous import get_chained_link
from poplin.plugins.kit.undo import Undo
from poplin.plugins.vrf.device import ensure_vrf
from poplin.plugins.vrf.membership import Belongings, join, leave
from poplin.plugins.vrf.settings import Settings
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Repeatable. Raises InvalidConfig without prevResult, Conflict if the interface has another master."""
    settings = Settings(call)
    reply = call.reply(call.get_prev_result())
    with open_container(kernel, call.netns) as container, NamespaceLock(container), Undo() as undo:
        link = get_chained_link(container, call.ifname)
        require_free(container, link, settings)
        vrf = ensure_vrf(container, settings, undo)
        if link.master != vrf.index:
            kept = Belongings(container, link, RT_TABLE_MAIN)
            undo.push(leave, container, link, kept)
            join(container, link, vrf, table_of(vrf), kept)
    return reply


def require_free(container: Namespace, link: Link, settings: Settings) -> None:
    """Raises Conflict if the interface is in something else already."""
    master = container.rtnl.find_link_by_index(link.master) if link.master else None
    if master and master.name != settings.name:
        raise Conflict(
            f"interface {link.name!r} has the master {master.name!r} already",
            f"a {master.kind or 'device'}; it cannot be in VRF {settings.name!r} as well",
        )
