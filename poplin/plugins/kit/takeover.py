"""DEL of what the reference plugins attached before the node changed to ours.

An attachment of ours is known by its link on the host, and then there is nothing of theirs. Only without that link are
their traces looked for, so an ordinary DEL pays nothing for it.
"""

from __future__ import annotations

from poplin.plugins.kit.attachment import find_host_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def remove_reference_attachment(call: Call, kernel: Kernel) -> None:
    """What bridge and ptp of the reference left of this attachment in the firewall; to be called while the link is
    still there. Raises CNIError."""
    if find_host_link(kernel.host.rtnl, call.key):
        return
    from poplin.plugins.kit.reference import remove_reference_masquerade, remove_reference_spoof_check
    from poplin.plugins.kit.teardown import Teardown

    with Teardown() as teardown:
        teardown.run(remove_reference_masquerade, call, kernel)
        teardown.run(remove_reference_spoof_check, call, kernel)
