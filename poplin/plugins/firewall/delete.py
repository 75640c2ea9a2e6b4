"""DEL: let nothing through any more; needs neither prevResult nor settings that make sense, and goes on at errors."""

from __future__ import annotations

from poplin.plugins.firewall.admission import forget, teller
from poplin.plugins.firewall.firewalld import Firewalld
from poplin.plugins.firewall.plan import OWNED, list_addresses, list_candidates
from poplin.plugins.kit import ownership
from poplin.plugins.kit.passage import release_passage
from poplin.plugins.kit.teardown import Teardown
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.nft.elements import Element
    from poplin.spec.call import Call
    from poplin.spec.result import Result


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable."""
    told = find_told(call)
    with Firewalld(call.env.everything, kernel.host) as firewalld, Teardown() as teardown:
        is_loaded = kernel.host.has_table("inet poplin")
        owned = find_own(call, kernel, told) if is_loaded else []
        if owned:
            teardown.run(forget, kernel.host, owned, firewalld)
        elif told:
            from poplin.plugins.firewall.takeover import remove_reference  # on a node that has just changed to us

            remove_reference(call, kernel, told, firewalld, teardown)
        if is_loaded:
            teardown.run(release_passage, kernel.host, teller(call))


def find_told(call: Call) -> Result | None:
    """prevResult, None if there is none that can be understood."""
    try:
        return call.find_prev_result()
    except CNIError:
        return None


def find_own(call: Call, kernel: Kernel, told: Result | None) -> list[Element]:
    """The attachment's elements, asked for one by one if the call says which there can be. Raises NetlinkError."""
    ruleset = kernel.host.nft
    if told and told.ips:
        owned = ownership.find_owned(ruleset, call.key, list_candidates(call, told))
        if len(owned) >= len(list_addresses(told)):
            return owned
    return ownership.list_owned(ruleset, call.key, OWNED)
