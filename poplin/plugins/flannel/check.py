"""CHECK: the delegate's, with what it was told at ADD, at the version of today."""

from __future__ import annotations

from poplin.plugins.flannel.delegation import recall_today
from poplin.plugins.flannel.scratch import Scratch
from poplin.plugins.flannel.settings import Settings
from poplin.plugins.kit.delegate import delegate
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.address import IP
    from poplin.spec.call import Call
    from poplin.spec.result import Result


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed, InvalidConfig without prevResult, or the delegate's error."""
    Settings(call)
    result = call.get_prev_result()
    scratch = Scratch(call, kernel)
    content = scratch.find()
    if content is None:
        raise CheckFailed("it is not known how this container was attached", f"there is no {scratch.own}")
    name_gateways(result)
    delegated = recall_today(call, content, result)
    delegate(delegated, kernel, "CHECK", delegated.config.type)


def name_gateways(result: Result) -> None:
    """Have each route say where it leads. Those to flannel's networks do not, which means the address's gateway, and
    the reference's bridge looks for them in vain."""
    gateways: dict[int, IP] = {}
    for item in result.ips:
        if item.gateway:
            gateways.setdefault(item.address.ip.version, item.gateway)
    for route in result.routes:
        route.gw = route.gw or gateways.get(route.dst.ip.version)
