"""GC: what attachments of this network left that are not valid any more, and what no attachment needs."""

from __future__ import annotations

from poplin.linux.nft.elements import add_element
from poplin.linux.nft.forward import FORWARD, GUARDED, GUESTS, SELVES, STRANGERS
from poplin.plugins.firewall.admission import forget, teller
from poplin.plugins.firewall.firewalld import Firewalld
from poplin.plugins.firewall.plan import OWNED, guard
from poplin.plugins.kit import ownership
from poplin.plugins.kit.passage import release_passage
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.nft.elements import Element
    from poplin.linux.nft.ruleset import Ruleset
    from poplin.spec.call import Call

SHARED = (GUARDED, SELVES, STRANGERS)


def run(call: Call, kernel: Kernel) -> None:
    """Never stops at an error; the first is raised in the end."""
    with Firewalld(call.env.everything, kernel.host) as firewalld, Teardown() as teardown:
        if kernel.host.has_table("inet poplin"):
            teardown.run(collect, call, kernel, firewalld)
            teardown.run(part, kernel.host.nft)
        teardown.run(release_passage, kernel.host, teller(call))


def collect(call: Call, kernel: Kernel, firewalld: Firewalld) -> None:
    """Those of attachments that are not listed. Raises OSError, CNIError."""
    forget(kernel.host, ownership.list_stale(kernel.host.nft, call, OWNED), firewalld)


def part(ruleset: Ruleset) -> None:
    """Keep no bridge apart for which nobody asks; look again afterwards: another ADD may have come."""
    wanted = list_wanted(ruleset)
    unused = [each for of in SHARED for each in ruleset.list(of) if is_unused(each, wanted)]
    ruleset.remove(unused)
    wanted = list_wanted(ruleset) if unused else set()
    back = [each for each in unused if not is_unused(each, wanted)]
    if back:
        ruleset.apply(FORWARD, *(add_element(each, exclusive=False) for each in back))


def list_wanted(ruleset: Ruleset) -> set[tuple[str, tuple[str, ...]]]:
    """What the attachments there are ask for: each set by its name with a key."""
    guests = ruleset.list(GUESTS)
    return {(each.set.name, each.key) for found in guests for each in guard(found.key[0], found.key[1])}


def is_unused(element: Element, wanted: set[tuple[str, tuple[str, ...]]]) -> bool:
    """Whether nobody asks for it."""
    return (element.set.name, element.key) not in wanted
