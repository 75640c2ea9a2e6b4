"""DEL, as of every device that is in the container alone."""

from __future__ import annotations

from poplin.linux.wire.macvlan import KIND
from poplin.plugins.kit.device import delete_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Take the device away, and release its addresses."""
    delete_device(call, kernel, KIND)
