"""ADD: the device first, as dhcp asks over it; then addresses, and the device up."""

from __future__ import annotations

from poplin.linux.wire.link import parse_mac, set_link
from poplin.linux.wire.macvlan import KIND, add_macvlan
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.device import remove_device, set_up_device
from poplin.plugins.kit.master import get_master, plan_upper
from poplin.plugins.kit.switches import announce_addresses
from poplin.plugins.kit.undo import Undo
from poplin.plugins.kit.upper import make_upper
from poplin.plugins.macvlan.settings import Settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netlink import Request
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.upper import Upper
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Give the container a MAC of its own on the master."""
    settings = Settings(call)

    def add(upper: Upper) -> Request:
        return add_macvlan(upper, settings.mode, queue=settings.queue)

    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        where = settings.master.choose_place(kernel.host, container)
        upper = plan_upper(settings.master, get_master(settings.master, where), container, call.ifname, settings.mac)
        undo.push(remove_device, call, kernel, KIND)
        link = ensure_mac(container, make_upper(call, where, container, upper, add, KIND), settings.mac)
        announce_addresses(container, link.name)
        result = ipam.ask(call, kernel, undo)
        return set_up_device(call, container, link, result, settings.dns, dad=True)


def ensure_mac(container: Namespace, link: Link, mac: bytes) -> Link:
    """In mode passthru the kernel gives a new device the master's, whatever it was asked for. The master has it too
    then, until the device goes."""
    if mac and parse_mac(link.mac) != mac:
        container.rtnl.apply(set_link(link.name, link.index, mac=mac))
        return container.rtnl.get_link(link.name)
    return link
