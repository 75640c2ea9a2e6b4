"""DEL: needs neither the namespace nor prevResult, and goes on when a step fails."""

from __future__ import annotations

from poplin.plugins.bridge.antispoof import unguard_port
from poplin.plugins.kit import ipam
from poplin.plugins.kit.masquerade import remove_masquerade
from poplin.plugins.kit.pair import remove_pair
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Take the container off the bridge and release its addresses; works without namespace and prevResult."""
    with Teardown() as teardown:
        teardown.run(remove_pair, call, kernel)
        teardown.run(unguard_port, call, kernel)
        teardown.run(remove_masquerade, call, kernel)
        teardown.run(ipam.delete, call, kernel)
