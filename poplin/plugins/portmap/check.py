"""CHECK: every port is still where ADD sent it."""

from __future__ import annotations

from poplin.linux.nft.elements import Element
from poplin.linux.nft.nat import HAIRPINS
from poplin.plugins.kit.attachment import is_owner
from poplin.plugins.kit.reference import has_reference_ports
from poplin.plugins.portmap.owners import describe_port, is_same_container
from poplin.plugins.portmap.plan import Plan, find_targets
from poplin.plugins.portmap.publish import is_publisher
from poplin.plugins.portmap.settings import Settings
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.address import Prefix
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first port that is not ours, InvalidConfig without prevResult."""
    settings = Settings(call)
    result = call.get_prev_result()
    targets = find_targets(result, call.ifname)
    plan = Plan(call, settings, targets)
    if plan.ports and not is_publisher(call, kernel) and has_reference_ports(call, kernel):
        return  # attached before the node changed to us; what is published how only its own CHECK knows
    found = [kernel.host.nft.find(wanted) for wanted in plan.ports]
    for wanted, there in zip(plan.ports, found, strict=True):
        check_port(call, wanted, there)
    if settings.snat and not settings.masq_all:
        reached = {each.data[0] for each in found if each and is_owner(call.key, each)}
        check_hairpins(kernel, [target for target in targets if target.ip in reached])
    for wanted in plan.others:
        if not wanted.end and kernel.host.nft.find(wanted) is None:  # ranges are those of hairpins, seen above
            raise CheckFailed(f"{wanted} is missing from the set {wanted.set.name}", "of the table inet poplin")


def check_hairpins(kernel: Kernel, targets: list[Prefix]) -> None:
    """Each target that a port leads to is in a network that sees the host as the caller; whichever it is. GC forgets
    the networks of others, as of an attachment whose ports another one of the container has."""
    for target in targets:
        if kernel.host.nft.find(Element(HAIRPINS[target.ip.version], (target.ip, target.ip))) is None:
            raise CheckFailed(f"the network of {target} would see itself as the caller of its ports", "`snat` is on")


def check_port(call: Call, wanted: Element, found: Element | None) -> None:
    """The port of an attachment may belong to another one of the same container, whose ADD came first."""
    if found is None:
        raise CheckFailed(f"host port {describe_port(wanted)} is not published any more", f"set {wanted.set.name}")
    if is_same_container(call.key, found) and not is_owner(call.key, found):
        return
    if not is_owner(call.key, found) or found.data != wanted.data:
        where = ":".join(map(str, found.data))
        raise CheckFailed(
            f"host port {describe_port(wanted)} leads elsewhere", f"to {where}, comment {found.comment!r}"
        )
