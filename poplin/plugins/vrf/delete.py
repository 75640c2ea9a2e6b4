"""DEL: the interface out of the VRF, and the VRF away if it was the last."""

from __future__ import annotations

from poplin.linux.wire.link import free_link
from poplin.linux.wire.vrf import KIND
from poplin.plugins.kit.container import find_container
from poplin.plugins.kit.locking import NamespaceLock
from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.vrf.device import remove_unused
from poplin.plugins.vrf.settings import NAME, get_name
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable, whether or not namespace, VRF or interface are still there. Raises InvalidConfig without a name."""
    name = find_name(call)
    container = find_container(kernel, call.netns) if name else None
    if container is None:
        return
    with container, NamespaceLock(container, is_needed=False), Teardown() as teardown:
        teardown.run(free, container, call.ifname, name)
        teardown.run(remove_unused, container, name)


def find_name(call: Call) -> str:
    """The VRF's; empty for what ADD would refuse, as that was never used. Raises InvalidConfig if there is none."""
    try:
        return get_name(call)
    except CNIError:
        if call.fields.raw(NAME) in (None, ""):
            raise
        return ""


def free(container: Namespace, ifname: str, name: str) -> None:
    """Take the interface out, if it is in this VRF."""
    vrf, link = container.rtnl.find_link(name), container.rtnl.find_link(ifname)
    if vrf and vrf.kind == KIND and link and link.master == vrf.index:
        container.rtnl.apply(free_link(link.name, link.index))
