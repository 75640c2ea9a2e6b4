"""DEL: take the ports back; needs neither prevResult nor the ports, and goes on when a step fails."""

from __future__ import annotations

from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.portmap.publish import unpublish

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable."""
    with Teardown() as teardown:
        teardown.run(unpublish, call, kernel)
