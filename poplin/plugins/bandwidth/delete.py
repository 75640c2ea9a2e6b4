"""DEL: needs neither prevResult nor the namespace nor settings that are right."""

from __future__ import annotations

from poplin.plugins.bandwidth.lift import lift

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable."""
    lift(call, kernel)
