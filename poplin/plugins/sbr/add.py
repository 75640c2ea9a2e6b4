"""ADD: rules, and tables for them to look into, all or nothing; then prevResult as it was."""

from __future__ import annotations

from poplin.linux.wire.route import append_route, delete_route, replace_route
from poplin.linux.wire.rule import add_rule, delete_rule
from poplin.plugins.kit.container import open_container
from poplin.plugins.kit.locking import NamespaceLock
from poplin.plugins.kit.previous import get_chained_link, list_inside
from poplin.plugins.kit.routes import append_missing
from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.kit.undo import Undo
from poplin.plugins.sbr.plan import Plan, divert, point_to
from poplin.plugins.sbr.settings import Settings
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call
    from poplin.spec.result import IPConfig


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Repeatable. Raises InvalidConfig without prevResult or addresses in it."""
    settings = Settings(call)
    result = call.get_prev_result()
    reply = call.reply(result)
    if not result.ips:
        raise InvalidConfig("prevResult has no address", "sbr is for an interface that has one")
    sources = list_inside(result, call.ifname)
    with open_container(kernel, call.netns) as container, NamespaceLock(container), Undo() as undo:
        link = get_chained_link(container, call.ifname)
        plan = make_plan(container, link, sources, settings)
        undo.push(clear, container, link, plan)
        undo.push(restore_rules, container, plan)
        undo.push(append_missing, container, link, plan.moved)
        carry_out(container, link, plan)
    return reply


def make_plan(container: Namespace, link: Link, sources: list[IPConfig], settings: Settings) -> Plan:
    """What there is to do."""
    rules = container.rtnl.list_rules()
    if settings.table is not None:
        return point_to(settings.table, sources, rules)
    return divert(link.index, sources, settings, rules, container.rtnl.list_routes())


def carry_out(container: Namespace, link: Link, plan: Plan) -> None:
    """The tables first, then who looks into them; only then is nothing missed in the main table."""
    rtnl = container.rtnl
    rtnl.apply(*(replace_route(link.name, each) for each in plan.routes))
    rtnl.apply(*(append_route(link.name, each) for each in plan.hints))
    rtnl.apply(*map(add_rule, plan.rules), *map(delete_rule, plan.stale))
    rtnl.apply(*(delete_route(link.name, each) for each in plan.moved))


def restore_rules(container: Namespace, plan: Plan) -> None:
    """The rules as they were."""
    for rule in plan.rules:
        container.rtnl.remove_rule(rule)
    for rule in plan.stale:
        container.rtnl.ensure(add_rule(rule))


def clear(container: Namespace, link: Link, plan: Plan) -> None:
    """What was put into tables that are new, and beside others'."""
    made = [each for each in plan.routes if each.table in plan.new_tables] + plan.hints
    with Teardown() as teardown:
        for each in made:
            teardown.run(container.rtnl.remove_route, link.name, each)
