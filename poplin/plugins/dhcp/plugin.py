"""dhcp: addresses from a DHCP server of the container's network.

A lease wants to be renewed for as long as the container lives, so a daemon does all the work (`poplin.dhcp`), and this
is its messenger. The interface must be there, and reach the server: interface plugins ask once theirs is.
"""

from __future__ import annotations

from poplin.plugins.dhcp.protocol import ask
from poplin.plugins.dhcp.settings import Settings, read_socket
from poplin.plugins.kit.container import find_absolute
from poplin.plugins.kit.requested import get_ipam
from poplin.plugins.kit.skel import Plugin, note
from poplin.spec.errors import PluginNotAvailable
from poplin.spec.result import parse_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def add(call: Call, kernel: Kernel) -> dict[str, object]:
    """Have a lease taken, and maintained from now on. Raises CNIError."""
    settings = Settings(call)
    answer = ask(call, settings.socket, find_absolute(call.netns))
    result = answer.get("result")
    if not isinstance(result, dict):
        raise PluginNotAvailable("the DHCP daemon answered without a result", settings.socket)
    return call.reply(parse_result(result))  # type: ignore[arg-type]


def check(call: Call, kernel: Kernel) -> None:
    """Whether the lease is there and maintained. Raises CheckFailed, PluginNotAvailable."""
    ask(call, Settings(call).socket, find_absolute(call.netns))


def status(call: Call, kernel: Kernel) -> None:
    """Whether the daemon is there. Raises PluginNotAvailable."""
    ask(call, Settings(call).socket)


def delete(call: Call, kernel: Kernel) -> None:
    """Have the lease given back. Without its daemon nobody renews it either: the server takes it back in time."""
    give_back(call)


def collect_garbage(call: Call, kernel: Kernel) -> None:
    """Have those given back that belong to no valid attachment."""
    give_back(call)


def give_back(call: Call) -> None:
    """DEL and GC, which have to work whatever else is wrong. Raises CNIError."""
    try:
        ask(call, read_socket(get_ipam(call)), find_absolute(call.netns))
    except PluginNotAvailable as error:
        note(call, f"nothing is given back to the DHCP server: {error}")


PLUGIN = Plugin(
    "dhcp",
    "Poplin dhcp: addresses from a DHCP server, by way of a daemon",
    {"ADD": add, "DEL": delete, "CHECK": check, "STATUS": status, "GC": collect_garbage},
    programs={"daemon": "poplin.dhcp.daemon"},
)
