"""GC: take back the ports of this network's attachments that are not valid any more."""

from __future__ import annotations

from poplin.linux.nft.nat import HAIRPINS
from poplin.linux.nft.when import collect_conditions
from poplin.plugins.kit import ownership
from poplin.plugins.kit.masquerade import forget_networks
from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.portmap.publish import forget_flows, list_published, list_sets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Never stops at an error; the first is raised in the end."""
    if not kernel.host.has_table("inet poplin"):
        return
    ruleset = kernel.host.nft
    with Teardown() as teardown:
        teardown.run(collect_ports, call, kernel)
        teardown.run(forget_networks, ruleset, HAIRPINS, list_published)
        teardown.run(collect_conditions, ruleset)


def collect_ports(call: Call, kernel: Kernel) -> None:
    """Those of attachments that are not listed."""
    removed = ownership.collect(kernel.host.nft, call, list_sets(kernel.host.nft))
    forget_flows(call, kernel.host, removed)
