"""The making of a device on a master: born in the container under its final name, where the kernel can.

Older kernels, 6.1 among them, refuse a name that is taken where the request comes from, and so the container's eth0
where the host has an eth0 of its own. Then the device is born under the name that a link of the attachment's on the
host would have, which nobody else has, and gets its own in the container.
"""

from __future__ import annotations

from errno import EEXIST

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.move import rename_link
from poplin.plugins.kit.attachment import link_alias
from poplin.plugins.kit.device import claim_device, make_device, passing_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from poplin.linux.netlink import Request
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.upper import Upper
    from poplin.spec.call import Call


def make_upper(
    call: Call, where: Namespace, container: Namespace, upper: Upper, add: Callable[[Upper], Request], module: str
) -> Link:
    """The new device, with the attachment's alias; `where` is the master's namespace. Raises NetlinkError,
    KernelRefused."""
    try:
        make_device(where, add(upper), module)
    except NetlinkError as error:
        if error.errno != EEXIST or where is container or not where.rtnl.find_link(call.ifname):
            raise
        upper.name = passing_name(call)
        make_device(where, add(upper), module)
        link = container.rtnl.get_link(upper.name)
        container.rtnl.apply(rename_link(link, call.ifname, alias=link_alias(call.key)))
        return container.rtnl.get_link(call.ifname)
    return claim_device(call, container)
