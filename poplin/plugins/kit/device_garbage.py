"""GC of the plugins whose devices are in the containers alone: those went with the containers, addresses did not."""

from __future__ import annotations

from poplin.plugins.kit import ipam

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """The addresses of this network's attachments that are not valid any more. Raises what IPAM does."""
    ipam.collect_garbage(call, kernel)
