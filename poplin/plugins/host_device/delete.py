"""DEL: needs no selector, no namespace and no device, and goes on when a step fails."""

from __future__ import annotations

from poplin.plugins.host_device.home import move_home, wait_for_home
from poplin.plugins.host_device.loans import Loans
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import find_container
from poplin.plugins.kit.teardown import Teardown
from poplin.spec.names import is_link_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Give the device back under its name, up if it was, and release the addresses."""
    with Teardown() as teardown:
        teardown.run(ipam.delete_before_link, call, kernel)
        teardown.run(give_back, call, kernel)
        teardown.run(ipam.delete_after_link, call, kernel)


def give_back(call: Call, kernel: Kernel) -> None:
    """By our record if there is one. It stays for GC and the next ADD if the device may come back later."""
    loans = Loans(call, kernel)
    loan = loans.find(call.key)
    if loan is None:
        give_back_unrecorded(call, kernel)
    if loan is None or wait_for_home(kernel, loan, call.netns):
        loans.remove(call.key)


def give_back_unrecorded(call: Call, kernel: Kernel) -> None:
    """What the reference has moved: all that is known is the name in the alias. As with it, the device stays down."""
    container = find_container(kernel, call.netns)
    if container is None:
        return
    with container:
        inner = container.rtnl.find_link(call.ifname)
        if inner and is_link_name(inner.alias):  # other plugins of ours write their key there, which has slashes
            move_home(kernel.host, container, inner, inner.alias)
