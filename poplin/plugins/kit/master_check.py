"""CHECK of a device that is made on a master: what macvlan, ipvlan and vlan compare alike."""

from __future__ import annotations

from poplin.plugins.kit.checks import check_configuration, check_container_link, get_container_interface
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.kit.master import Master
    from poplin.spec.call import Call

RELATED = {"macvtap": "macvlan"}  # one kind to the kernel


def check_upper(call: Call, kernel: Kernel, container: Namespace, master: Master, kind: str) -> Link:
    """Sandbox, master, the device, its MTU, addresses and routes; the device. Raises CheckFailed."""
    result = call.get_prev_result()
    wanted = get_container_interface(result, call.ifname, call.netns, kernel)
    below = find_named(master, master.choose_place(kernel.host, container))
    link = check_container_link(container, wanted, kind)
    if below and not is_on(link, below, is_inside=master.is_inside):
        raise CheckFailed(f"{link.name!r} is not on the master {below.name!r}", f"of the {master.side}")
    if master.mtu and link.mtu != master.mtu:
        raise CheckFailed(f"interface {link.name!r} has another mtu", f"{link.mtu} instead of {master.mtu}")
    check_configuration(container, link, result, wanted)
    return link


def find_named(master: Master, where: Namespace) -> Link | None:
    """The link that the configuration names, None if it names none: where the default route leads may have changed.
    Asked before the device, which goes with it. Raises CheckFailed."""
    link = where.rtnl.find_link(master.name) if master.name else None
    if master.name and link is None:
        raise CheckFailed(f"the master {master.name!r} is gone", f"from the {master.side}")
    return link


def is_on(link: Link, below: Link, *, is_inside: bool) -> bool:
    """Whether the device is on this master. The kernel puts one on a master of its own kind on what that is on."""
    if link.link == below.index and (link.netnsid is None) == is_inside:
        return True
    return link.kind in (below.kind, RELATED.get(below.kind)) and link.link == below.link


def check_mode(link: Link, mode: str, wanted: str) -> None:
    """Raises CheckFailed if the device has another mode than the network."""
    if mode != wanted:
        raise CheckFailed(f"interface {link.name!r} has another mode", f"{mode} instead of {wanted}")
