"""DEL: needs neither the namespace nor prevResult, and goes on when a step fails."""

from __future__ import annotations

from poplin.plugins.bridge.removal import remove_guard
from poplin.plugins.kit import ipam
from poplin.plugins.kit.pair import remove_pair
from poplin.plugins.kit.takeover import remove_reference_attachment
from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.kit.unmasquerade import unmasquerade

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Take the container off the bridge and release its addresses; works without namespace and prevResult."""
    with Teardown() as teardown:
        teardown.run(remove_reference_attachment, call, kernel)
        teardown.run(unmasquerade, call, kernel)  # first: the kernel takes its time over both
        teardown.run(ipam.delete_before_link, call, kernel)
        teardown.run(remove_pair, call, kernel)
        teardown.run(remove_guard, call, kernel)
        teardown.run(ipam.delete_after_link, call, kernel)
