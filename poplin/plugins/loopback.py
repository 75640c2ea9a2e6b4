"""loopback: set `lo` up in the container's namespace.

CNI_IFNAME is ignored, the interface is always `lo`. An address on it that is not loopback means that this is no
container of ours to touch, and is refused.
"""

from __future__ import annotations

from poplin.linux.wire.link import set_link
from poplin.plugins.kit.container import find_container, open_container
from poplin.plugins.kit.skel import Plugin
from poplin.spec.address import parse_prefix
from poplin.spec.errors import CheckFailed, Conflict
from poplin.spec.result import Interface, IPConfig, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call

LO = "lo"
NETWORKS = (parse_prefix("127.0.0.0/8"), parse_prefix("::1/128"))


def add(call: Call, kernel: Kernel) -> dict[str, object]:
    """Set lo up; the result is prevResult if there is one, else lo and its addresses."""
    check_strict(call)
    previous = call.find_prev_result()
    with open_container(kernel, call.netns) as container:
        found = describe(container, call.netns)
        reply = call.reply(previous or found)
        container.rtnl.apply(set_link(LO, up=True))
    return reply


def describe(container: Namespace, sandbox: str) -> Result:
    """lo as a result, with the addresses it has once it is up. Raises Conflict for a foreign address."""
    link = container.rtnl.get_link(LO)
    for address in container.rtnl.list_addresses(link.index):
        if not any(address.prefix.ip in network for network in NETWORKS):
            raise Conflict(f"lo has the address {address.prefix}, which is not a loopback address", sandbox)
    ips = [IPConfig(parse_prefix("127.0.0.1/8"), interface=0), IPConfig(parse_prefix("::1/128"), interface=0)]
    return Result(interfaces=[Interface(LO, link.mac, sandbox)], ips=ips)


def delete(call: Call, kernel: Kernel) -> None:
    """Set lo down, if the namespace is still there."""
    container = find_container(kernel, call.netns)
    if container:
        with container:
            container.rtnl.apply(set_link(LO, up=False))


def check(call: Call, kernel: Kernel) -> None:
    """lo must be up."""
    check_strict(call)
    with open_container(kernel, call.netns) as container:
        if not container.rtnl.get_link(LO).is_up:
            raise CheckFailed("lo is down", f"ip -n ... link set lo up would mend it; namespace {call.netns}")


def status(call: Call, kernel: Kernel) -> None:
    """Nothing can be missing."""
    check_strict(call)


def check_strict(call: Call) -> None:
    """Raises UnsupportedField: loopback has no settings of its own."""
    if call.is_strict:
        call.fields.reject_unknown()


PLUGIN = Plugin(
    "loopback",
    "Poplin loopback: sets lo up",
    {"ADD": add, "DEL": delete, "CHECK": check, "STATUS": status},
)
