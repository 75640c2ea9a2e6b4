"""What the device is called through which what the container sends is led: `bwp` and 12 hex digits.

The reference has one name for all attachments of a container to a network, and for every other network and container
that read alike one after the other. Ours has that name if it is free, else one of the attachment's own.
"""

from __future__ import annotations

from poplin.plugins.kit.reference_names import short_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

PREFIX, DIGITS = "bwp", 12


def shared_name(call: Call) -> str:
    """What the reference calls it."""
    return PREFIX + short_hash(call.config.name + call.container_id, DIGITS)


def own_name(call: Call) -> str:
    """What no other attachment's is called."""
    return PREFIX + short_hash(call.key, DIGITS)
