"""GC: remove the pairs and the leases of this network's attachments that are not valid any more."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.attachment import find_stale_links
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Never stops at an error; the first is raised in the end."""
    with Teardown() as teardown:
        teardown.run(remove_stale_ports, call, kernel)
        teardown.run(ipam.collect_garbage, call, kernel)


def remove_stale_ports(call: Call, kernel: Kernel) -> None:
    """The pairs of attachments that are not listed."""
    rtnl = kernel.host.rtnl
    rtnl.remove_links(find_stale_links(rtnl, call.config.name, call.valid_attachments()))
