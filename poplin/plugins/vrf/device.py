"""The VRF device of a container: found, made with the first interface, removed with the last."""

from __future__ import annotations

from errno import EOPNOTSUPP

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.link import set_link
from poplin.linux.wire.vrf import KIND, add_vrf, table_of
from poplin.spec.errors import Conflict, KernelRefused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.kit.undo import Undo
    from poplin.plugins.vrf.settings import Settings

ALIAS = "poplin vrf"  # one that bears another name was made by somebody for himself, and stays
RESERVED = frozenset((253, 254, 255))  # default, main, local


def ensure_vrf(container: Namespace, settings: Settings, undo: Undo) -> Link:
    """The device, which is up. Raises Conflict if its name or its table is something else's."""
    found = container.rtnl.find_link(settings.name)
    if found is None:
        table = settings.table or find_free_table(map(table_of, container.rtnl.list_links(KIND)))
        undo.push(remove_unused, container, settings.name)
        make_vrf(container, settings.name, table)
        found = container.rtnl.get_link(settings.name)
    check_device(found, settings)
    if not found.is_up:
        container.rtnl.apply(set_link(found.name, found.index, up=True))
    return found


def make_vrf(container: Namespace, name: str, table: int) -> None:
    """Raises KernelRefused where the kernel has none."""
    try:
        container.rtnl.apply(add_vrf(name, table))
    except NetlinkError as error:
        raise explain(error) from None
    container.rtnl.apply(set_link(name, up=True, alias=ALIAS))


def explain(error: NetlinkError) -> Exception:
    """The error for somebody who does not know that this is a module."""
    if error.errno != EOPNOTSUPP:
        return error
    return KernelRefused("this kernel knows no vrf", f"load it with `modprobe vrf`; {error}")


def check_device(found: Link, settings: Settings) -> None:
    """Raises Conflict."""
    if found.kind != KIND:
        what = found.kind or "device"
        raise Conflict(f"{settings.name!r} is no VRF", f"it is a {what} of the container; use another `vrfname`")
    if settings.table not in (0, table_of(found)):
        raise Conflict(
            f"VRF {settings.name!r} has table {table_of(found)}, not {settings.table}", "use its table or another VRF"
        )


def find_free_table(used: Iterable[int]) -> int:
    """The lowest that no VRF has, and not one of the kernel's own."""
    taken = RESERVED.union(used)
    table = 1
    while table in taken:
        table += 1
    return table


def remove_unused(container: Namespace, name: str) -> None:
    """Delete the device if no interface is in it any more, and nobody made it for himself."""
    found = container.rtnl.find_link(name)
    is_ours = found is not None and found.kind == KIND and found.alias in ("", ALIAS)
    if found and is_ours and not container.rtnl.list_links(master=found.index):
        container.rtnl.remove_link(found.name, found.index)
