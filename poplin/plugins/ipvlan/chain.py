"""What the plugin before ipvlan in the chain has left to it: the link that is to be the master, and addresses.

So another plugin can bring a network card of the cloud's, with the addresses that the cloud gave it, and ipvlan shares
the one card out, each container getting its own.
"""

from __future__ import annotations

from poplin.spec.errors import InvalidConfig
from poplin.spec.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.plugins.ipvlan.settings import Settings


def adopt_master(settings: Settings, previous: Result | None) -> None:
    """Without `master` it is the one interface of the result before, if there is such a result. Raises InvalidConfig if
    that is not one, or not where the master is to be."""
    if settings.master.name or previous is None:
        return
    named = [item for item in previous.interfaces if item.name]
    if len(named) != 1:
        known = ", ".join(item.name for item in named) or "none"
        raise InvalidConfig("prevResult must have one interface, to be the `master`", f"it has {known}; set `master`")
    if named[0].sandbox and not settings.master.is_inside:
        raise InvalidConfig(
            f"the interface {named[0].name!r} of prevResult is in the container", "set `linkInContainer` or `master`"
        )
    settings.master.name = named[0].name


def require_addresses(settings: Settings, previous: Result | None) -> None:
    """Somebody gives addresses. Raises InvalidConfig."""
    if not settings.has_ipam and not (previous and previous.ips):
        raise InvalidConfig("missing `ipam.type`", "ipvlan needs it, or addresses of the plugin before it in the chain")


def take_over(previous: Result) -> Result:
    """Addresses, routes and dns of the result before, for an interface of our own."""
    return Result(ips=previous.ips, routes=previous.routes, dns=previous.dns)
