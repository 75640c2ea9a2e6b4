"""GC: remove what is left of this network's attachments that are not valid any more."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.masquerade import collect_masquerade
from poplin.plugins.kit.pair import collect_pairs
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Never stops at an error; the first is raised in the end."""
    with Teardown() as teardown:
        teardown.run(collect_pairs, call, kernel)
        teardown.run(collect_masquerade, call, kernel)
        teardown.run(ipam.collect_garbage, call, kernel)
