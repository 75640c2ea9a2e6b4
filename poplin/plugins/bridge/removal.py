"""Taking the container's port away again, ours or one that another implementation made."""

from __future__ import annotations

from poplin.plugins.kit.attachment import find_host_link
from poplin.plugins.kit.container import find_container

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call


def remove_port(call: Call, kernel: Kernel) -> None:
    """Delete the pair. Ours is found on the host; only for one that another implementation made, whose name nobody
    can compute, is the container asked, and only a veth that bears no other attachment's alias is taken."""
    link = find_host_link(kernel.host.rtnl, call.key)
    if link:
        kernel.host.rtnl.remove_link(link.name, link.index)
        return
    container = find_container(kernel, call.netns)
    if container:
        with container:
            inner = container.rtnl.find_link(call.ifname)
            if inner and inner.kind == "veth" and not belongs_to_another(kernel.host.rtnl, inner):
                container.rtnl.remove_link(inner.name, inner.index)


def belongs_to_another(rtnl: Rtnl, inner: Link) -> bool:
    """Whether the far end of this veth is on the host and bears an attachment's alias."""
    outer = rtnl.find_link_by_index(inner.link)
    return bool(outer and outer.kind == "veth" and outer.link == inner.index and "/" in outer.alias)
