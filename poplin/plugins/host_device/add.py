"""ADD: the device is moved into the container first, as dhcp asks over it; then addresses, and the device up."""

from __future__ import annotations

from errno import ENODEV

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.move import move_link
from poplin.plugins.host_device.home import bring_home, is_lent, is_void
from poplin.plugins.host_device.loan import make_loan
from poplin.plugins.host_device.loans import Loans
from poplin.plugins.host_device.selection import get_device, select
from poplin.plugins.host_device.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.device import set_up_device
from poplin.plugins.kit.switches import announce_addresses
from poplin.plugins.kit.undo import Undo
from poplin.spec.errors import Conflict
from poplin.spec.result import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.host_device.loan import Loan
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Give the container the device."""
    settings = Settings(call)
    with open_container(kernel, call.netns) as container, Undo() as undo:
        selection = select(settings)
        if selection.is_dpdk:
            return reserve(call, kernel, settings, undo)
        require_free_name(container, call.ifname)
        loans = Loans(call, kernel)
        settle_earlier(call, kernel, loans)
        device = get_device(kernel, selection, loans)
        require_own_name(device, call.ifname)
        void = [each.key for each in loans.list_all() if each.key != call.key and is_void(kernel, each, device)]
        loan = make_loan(call.key, device, container)
        undo.push(give_back, kernel, loans, loan)
        loans.write(loan)
        link = hand_over(kernel.host, container, device, loans, loan)
        for key in void:  # left by calls that were killed: a DEL of theirs must not take the device
            loans.remove(key)
        result = ipam.ask(call, kernel, undo)
        announce_addresses(container, link.name)
        return set_up_device(call, container, link, result, settings.dns, dad=True)


def reserve(call: Call, kernel: Kernel, settings: Settings, undo: Undo) -> dict[str, object]:
    """The answer for a device that a program drives by itself: the kernel has no part in it."""
    result = ipam.ask(call, kernel, undo)
    result.interfaces = [Interface(call.ifname, sandbox=call.netns)]
    for item in result.ips:
        item.interface = 0
    if settings.dns is not None:
        result.dns = settings.dns
    return call.reply(result)


def settle_earlier(call: Call, kernel: Kernel, loans: Loans) -> None:
    """What an ADD of this attachment that was killed has left. Raises Conflict if a container has its device."""
    earlier = loans.find(call.key)
    if earlier is None:
        return
    if is_lent(kernel, earlier):
        raise Conflict(f"this attachment has {earlier.name!r} already", f"in {earlier.netns}; DEL it first")
    bring_home(kernel, earlier)


def require_own_name(device: Link, ifname: str) -> None:
    """Raises Conflict if the device has the name it is to get as an alternative one, which goes with it."""
    if ifname in device.alternative_names:
        remedy = f"`ip link property del dev {device.name} altname {ifname}`, or use another CNI_IFNAME"
        raise Conflict(f"{ifname!r} is an alternative name of {device.name!r} already", remedy)


def hand_over(host: Namespace, container: Namespace, device: Link, loans: Loans, loan: Loan) -> Link:
    """Move the device into the container, under the name it is to have there; its old one is its alias. Raises Conflict
    if another call was faster, and then our record is void."""
    try:
        host.rtnl.apply(move_link(device, container.fd, loan.ifname, alias=device.name, where=container.name))
    except NetlinkError as error:
        if error.errno != ENODEV:
            raise
        loans.remove(loan.key)
        raise Conflict(f"{device.name!r} is not on the host any more", "another call has just moved it") from None
    return container.rtnl.get_link(loan.ifname)


def give_back(kernel: Kernel, loans: Loans, loan: Loan) -> None:
    """Undo what was done so far, which is nothing without a record: the device is another's then."""
    if loans.find(loan.key):
        bring_home(kernel, loan)
        loans.remove(loan.key)
