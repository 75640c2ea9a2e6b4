"""GC: remove the intermediate devices of this network's attachments that are not valid any more."""

from __future__ import annotations

from poplin.linux.wire.ifb import KIND
from poplin.plugins.kit.attachment import find_stale_links

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """The rest goes with the host's ends. Raises NetlinkError."""
    rtnl = kernel.host.rtnl
    rtnl.remove_links(find_stale_links(rtnl, call.config.name, call.valid_attachments(), KIND))
