"""ADD: the device first, as dhcp asks over it; then addresses, and the device up."""

from __future__ import annotations

from errno import EEXIST

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.vlan_device import KIND, add_vlan_device
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.device import remove_device, set_up_device
from poplin.plugins.kit.master import plan_upper
from poplin.plugins.kit.switches import announce_addresses
from poplin.plugins.kit.undo import Undo
from poplin.plugins.kit.upper import make_upper
from poplin.plugins.vlan.parent import get_parent
from poplin.plugins.vlan.settings import Settings
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.upper import Upper
    from poplin.spec.call import Call

MODULE = "8021q"


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Give the container the VLAN."""
    settings = Settings(call)
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        where = settings.master.choose_place(kernel.host, container)
        upper = plan_upper(settings.master, get_parent(settings.master, where), container, call.ifname)
        undo.push(remove_device, call, kernel, KIND)
        link = make_vlan(call, where, container, upper, settings.vid)
        announce_addresses(container, link.name)
        result = ipam.ask(call, kernel, undo)
        return set_up_device(call, container, link, result, settings.dns, dad=True)


def make_vlan(call: Call, where: Namespace, container: Namespace, upper: Upper, vid: int) -> Link:
    """The new device. Raises Conflict if the master has one for this VLAN, in whatever namespace."""
    try:
        return make_upper(call, where, container, upper, lambda each: add_vlan_device(each, vid), MODULE)
    except NetlinkError as error:
        if error.errno != EEXIST:
            raise
        remedy = "a VLAN belongs to one container; use another `vlanId`"
        raise Conflict(f"{upper.master_name} has a device for VLAN {vid} already", remedy) from None
