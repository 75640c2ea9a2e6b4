"""The way of a device back to the host: out of its namespace, or from where the kernel has put it when that died.

Each way is one message, which gives the device its name, its alias and its state back. So wherever somebody is killed,
the device is in one of these places and complete, and going on is the same as beginning.
"""

from __future__ import annotations

import time
from errno import EEXIST, ENODEV

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.link import set_link
from poplin.linux.wire.move import delete_alternative_name, move_link, rename_link
from poplin.plugins.kit.container import find_container
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.host_device.loan import Loan

# Seconds. A namespace that nobody holds any more is taken apart in the background, usually within 20 ms.
PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.3)


def bring_home(kernel: Kernel, loan: Loan, netns: str = "") -> bool:
    """Have the device on the host as it was; False if it is nowhere now but may come back. Already there is success.

    `netns` is another path to try, if the recorded one leads elsewhere by now. Raises Conflict if its name is taken.
    """
    host = kernel.host.rtnl.find_link(loan.name)
    if host and host.name == loan.name and loan.is_home(host) and not loan.is_returned(host):
        return True
    for path in dict.fromkeys((loan.netns, netns)):
        if take_out(kernel, loan, path):
            return True
    return put_right(kernel, loan) or not loan.is_refunded


def wait_for_home(kernel: Kernel, loan: Loan, netns: str = "") -> bool:
    """The same, but if the namespace is gone the kernel is given the time to hand the device back."""
    for pause in PAUSES:
        if bring_home(kernel, loan, netns):
            return True
        if is_alive(kernel, loan):  # somebody inside has put it away
            return False
        time.sleep(pause)
    return bring_home(kernel, loan, netns)


def is_alive(kernel: Kernel, loan: Loan) -> bool:
    """Whether the recorded path still leads to the recorded namespace."""
    container = open_recorded(kernel, loan, loan.netns)
    if container is None:
        return False
    container.close()
    return True


def is_lent(kernel: Kernel, loan: Loan) -> bool:
    """Whether the device is in the recorded namespace."""
    container = open_recorded(kernel, loan, loan.netns)
    if container is None:
        return False
    with container:
        return find_inside(container, loan) is not None


def is_void(kernel: Kernel, loan: Loan, device: Link) -> bool:
    """Whether a record of a device that is on the host cannot be true any more: it is not where the record has it, and
    it is not waiting for its name, as one whose namespace is gone does that has another."""
    has_its_name = device.name == loan.name
    return loan.is_home(device) and (has_its_name or is_alive(kernel, loan)) and not is_lent(kernel, loan)


# Out of its namespace.


def take_out(kernel: Kernel, loan: Loan, path: str) -> bool:
    """Move the device to the host if it is in the namespace at `path`, and that is the recorded one."""
    container = open_recorded(kernel, loan, path)
    if container is None:
        return False
    with container:
        inner = find_inside(container, loan)
        if inner:
            move_home(kernel.host, container, inner, loan.name, alias=loan.alias, up=loan.was_up)
        return inner is not None


def open_recorded(kernel: Kernel, loan: Loan, path: str) -> Namespace | None:
    """The recorded namespace, if the path leads there."""
    container = find_container(kernel, path)
    if container and container.lasting_identity != loan.identity:
        container.close()
        return None
    return container


def find_inside(container: Namespace, loan: Loan) -> Link | None:
    """The device in its namespace, whatever somebody inside has called it since."""
    link = container.rtnl.find_link(loan.ifname)
    if link and loan.is_inside(link):
        return link
    return next(filter(loan.is_inside, container.rtnl.list_links()), None)


def move_home(
    host: Namespace, container: Namespace, inner: Link, name: str, *, alias: str = "", up: bool = False
) -> None:
    """Move a link of the container to the host, unless somebody else does. Raises Conflict if the host has another of
    that name, and then the link stays where and as it is."""
    require_free(host, name)
    release_name(container, inner, name)
    try:
        container.rtnl.apply(move_link(inner, host.fd, name, alias=alias, up=up, where=host.name))
    except NetlinkError as error:  # of a moment ago
        if error.errno == EEXIST:
            raise taken(name) from None
        if error.errno != ENODEV:
            raise


def release_name(where: Namespace, link: Link, name: str) -> None:
    """Take the name from a link that has it as an alternative one, so that it can be its own."""
    if name in link.alternative_names:
        where.rtnl.apply(delete_alternative_name(link, name))


def require_free(host: Namespace, name: str) -> None:
    """Raises Conflict."""
    if host.rtnl.find_link(name):
        raise taken(name)


def taken(name: str) -> Conflict:
    """The error."""
    return Conflict(
        f"{name!r} cannot be given back: the host has another interface of that name", "rename that, then DEL again"
    )


# From where the kernel has put it.


def put_right(kernel: Kernel, loan: Loan) -> bool:
    """Make the device what it was, if the kernel has handed it back; whether it has. Raises Conflict."""
    found = find_returned(kernel, loan, kernel.host.rtnl.list_links())
    if found:
        restore(kernel.host, loan, found)
    return found is not None


def find_returned(kernel: Kernel, loan: Loan, links: list[Link]) -> Link | None:
    """The device among the links of the host."""
    found = next(filter(loan.is_returned, links), None)
    if found:
        return found
    found = next(filter(loan.is_disguised, links), None)
    return None if found is None or is_alive(kernel, loan) else found


def restore(host: Namespace, loan: Loan, found: Link) -> None:
    """Its name, its alias and its state. On the host udev may have given it its name as an alternative one. Raises
    Conflict if another has it."""
    release_name(host, found, loan.name)
    if found.name != loan.name:
        require_free(host, loan.name)
    if found.is_up:
        host.rtnl.apply(set_link(found.name, found.index, up=False))
    host.rtnl.apply(rename_link(found, loan.name, alias=loan.alias, up=loan.was_up))


def put_all_right(kernel: Kernel, loans: list[Loan]) -> list[Loan]:
    """The same for all of these whose namespace is gone; those that were. One whose name is taken stays as it is."""
    links = kernel.host.rtnl.list_links() if loans else []
    done = []
    for loan in loans:
        found = find_returned(kernel, loan, links)
        if found is None or is_alive(kernel, loan):
            continue
        try:
            restore(kernel.host, loan, found)
        except Conflict:
            continue
        done.append(loan)
    return done
