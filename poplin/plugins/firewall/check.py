"""CHECK: what the container sends still comes through, and its bridge is still kept apart."""

from __future__ import annotations

from poplin.plugins.firewall.firewalld import Firewalld, source
from poplin.plugins.firewall.plan import Plan
from poplin.plugins.firewall.settings import Settings
from poplin.plugins.kit import ownership
from poplin.plugins.kit.passage import find_missing
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call

RELOAD = "`poplin reload` brings it back"


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first thing that is not as ADD left it, InvalidConfig without prevResult."""
    settings = Settings(call)
    result = call.get_prev_result()
    with Firewalld(call.env.everything, kernel.host) as firewalld:
        is_zoned = firewalld.is_wanted(settings.backend)
        plan = Plan(call, settings, result, is_zoned=is_zoned)
        if is_references(call, kernel.host, plan):
            return
        check_elements(call, kernel.host, plan)
        check_passage(kernel.host, plan)
        if is_zoned:
            check_zone(firewalld, settings.zone, plan)


def is_references(call: Call, host: Namespace, plan: Plan) -> bool:
    """Whether nothing is ours and the reference's rules are there: attached before the node changed to us."""
    if not plan.addresses or ownership.find_owned(host.nft, call.key, plan.elements):
        return False
    from poplin.plugins.firewall.takeover import has_reference_rules  # only then

    return has_reference_rules(host, plan.addresses)


def check_elements(call: Call, host: Namespace, plan: Plan) -> None:
    """Raises CheckFailed."""
    missing = ownership.find_missing(host.nft, call.key, [*plan.elements, *plan.ports])
    for each in plan.bridges if not missing else ():
        missing = missing or (None if host.nft.find(each) else each)
    if missing:
        where = f"set {missing.set.name} of table {missing.set.family} {missing.set.table}"
        found = host.nft.find(missing)
        is_whose = f"it is there as that of {found.comment or 'nobody'}" if found else RELOAD
        bare = str(missing).partition(" comment ")[0]
        raise CheckFailed(f"{bare} is missing from {where}", is_whose)


def check_passage(host: Namespace, plan: Plan) -> None:
    """The rule is wherever it can be. Raises CheckFailed."""
    missing = [place for place in find_missing(host, plan.versions) if place.tool]
    if missing:
        raise CheckFailed(f"the rule that lets our packets pass is missing from {missing[0]}", RELOAD)


def check_zone(firewalld: Firewalld, zone: str, plan: Plan) -> None:
    """Raises CheckFailed."""
    for ip in plan.addresses:
        if not firewalld.has(zone, ip):
            raise CheckFailed(f"firewalld does not have {source(ip)} in zone {zone!r}", RELOAD)
