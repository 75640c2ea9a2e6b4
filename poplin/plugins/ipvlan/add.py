"""ADD: the device first, as dhcp asks over it; then addresses, IPAM's or those of the chain, and the device up."""

from __future__ import annotations

from poplin.linux.wire.ipvlan import KIND, add_ipvlan
from poplin.plugins.ipvlan.chain import adopt_master, require_addresses, take_over
from poplin.plugins.ipvlan.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.device import remove_device, set_up_device
from poplin.plugins.kit.master import get_master, plan_upper
from poplin.plugins.kit.switches import announce_addresses
from poplin.plugins.kit.undo import Undo
from poplin.plugins.kit.upper import make_upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Put the container on the master."""
    settings = Settings(call)
    previous = call.find_prev_result()
    adopt_master(settings, previous)
    require_addresses(settings, previous)
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        where = settings.master.choose_place(kernel.host, container)
        upper = plan_upper(settings.master, get_master(settings.master, where), container, call.ifname)
        undo.push(remove_device, call, kernel, KIND)
        link = make_upper(call, where, container, upper, lambda each: add_ipvlan(each, settings.mode), KIND)
        announce_addresses(container, link.name)
        result = take_over(previous) if previous and not settings.has_ipam else ipam.ask(call, kernel, undo)
        return set_up_device(call, container, link, result, settings.dns, dad=True)
