"""ADD: limit what is to be limited, and pass prevResult on with the device that takes.

It comes again with other limits, or with none any more, when those of a container change while it runs.
"""

from __future__ import annotations

from poplin.plugins.bandwidth.lift import lift
from poplin.plugins.bandwidth.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Raises InvalidConfig without prevResult and for what cannot be limited, Conflict for what others have there."""
    settings = Settings(call)
    result = call.get_prev_result()
    if settings.ingress or settings.egress:
        from poplin.plugins.bandwidth.limit import limit  # most attachments have no limits

        limit(call, kernel, settings, result)
    else:
        lift(call, kernel)
    return call.reply(result)
