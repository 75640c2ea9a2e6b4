"""Which device it is: the first selector that says something decides, in the order of the reference.

A selector may find a device that came back from a dead namespace under the name it had there, or miss it for that
reason. Then what the records know of is put right, and it is looked for once more.
"""

from __future__ import annotations

from poplin.linux.sysfs import AUXILIARY, PCI, find_driver, find_interface, has_device
from poplin.plugins.host_device.home import put_all_right
from poplin.spec.errors import Conflict, InvalidConfig
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.host_device.loans import Loans
    from poplin.plugins.host_device.settings import Settings

# Drivers that give a device to programs: it has no network interface then.
DPDK_DRIVERS = ("vfio-pci", "uio_pci_generic", "igb_uio")


class Selection(Record):
    """What is looked for: in `device` a path in sysfs if that tells. `words` say it, `is_dpdk` that no interface is
    wanted."""

    __slots__ = ("device", "hwaddr", "is_dpdk", "name", "words")

    def __init__(self, words: str, *, name: str = "", hwaddr: str = "", device: str = "") -> None:
        self.words = words
        self.name = name
        self.hwaddr = hwaddr
        self.device = device
        self.is_dpdk = False


def select(settings: Settings) -> Selection:
    """What the settings say, with the help of sysfs. Raises InvalidConfig for a device that is not there."""
    pci, auxiliary = settings.pci, ""
    if settings.device_id:
        pci, auxiliary = place_device_id(settings.device_id)
    is_dpdk = settings.dpdk_mode or bool(pci and is_for_programs(pci))
    if settings.device:
        found = Selection(f"`device` {settings.device!r}", name=settings.device)
    elif settings.hwaddr:
        found = Selection(f"`hwaddr` {settings.hwaddr}", hwaddr=settings.hwaddr)
    elif settings.kernelpath:
        found = Selection(f"`kernelpath` {settings.kernelpath}", device=settings.kernelpath)
    elif pci:
        found = Selection(f"PCI device {pci}", device=f"{PCI}/{pci}")
    else:
        found = Selection(f"auxiliary device {auxiliary}", device=f"{AUXILIARY}/{auxiliary}")
    found.is_dpdk = is_dpdk
    return found


def place_device_id(device_id: str) -> tuple[str, str]:
    """As PCI device, or else as auxiliary one. Raises InvalidConfig."""
    if has_device(PCI, device_id):
        return device_id, ""
    if has_device(AUXILIARY, device_id):
        return "", device_id
    raise InvalidConfig(f"there is no device {device_id!r}, the `runtimeConfig.deviceID`", f"in {PCI} or {AUXILIARY}")


def is_for_programs(pci: str) -> bool:
    """Whether a PCI device has such a driver. Raises InvalidConfig if it has none."""
    driver = find_driver(pci)
    if not driver:
        what = "has no driver" if has_device(PCI, pci) else "is not there"
        raise InvalidConfig(f"PCI device {pci} {what}", f"{PCI}/{pci}/driver leads nowhere; `lspci -nnk` lists them")
    return driver in DPDK_DRIVERS


def get_device(kernel: Kernel, selection: Selection, loans: Loans) -> Link:
    """The interface to move. Raises InvalidConfig, or Conflict if it belongs to a bridge or a bond."""
    host = kernel.host
    link = find_device(host, selection)
    known = list(loans.list_all())
    if link is None or any(loan.is_home(link) for loan in known):
        for loan in put_all_right(kernel, known):
            loans.remove(loan.key)
        link = find_device(host, selection)
    if link is None:
        has_it = find_borrower(selection, loans)
        remedy = f"attachment {has_it} has it" if has_it else "`ip link` lists those that it has"
        raise InvalidConfig(f"the host has no interface of {selection.words}", remedy)
    if link.master:
        master = host.rtnl.find_link_by_index(link.master)
        whose = f"of {master.name!r}" if master else "of another link"
        remedy = f"run `ip link set dev {link.name} nomaster` to give it away"
        raise Conflict(f"{link.name!r} is a port {whose}", remedy)
    return link


def find_device(host: Namespace, selection: Selection) -> Link | None:
    """The interface, if it is on the host."""
    if selection.hwaddr:
        fitting = [each for each in host.rtnl.list_links() if each.mac == selection.hwaddr]
        return min(fitting, key=lambda each: each.index, default=None)  # others may be made on top of the first
    name = selection.name or find_interface(selection.device)
    return host.rtnl.find_link(name) if name else None


def find_borrower(selection: Selection, loans: Loans) -> str:
    """The attachment that has it, empty if that cannot be told."""
    told = {selection.hwaddr, selection.name} - {""}
    return next((loan.key for loan in loans.list_all() if told & {loan.mac, loan.name}), "")
