"""ADD: the device, its addresses, and up."""

from __future__ import annotations

from poplin.linux.wire.dummy import KIND, add_dummy
from poplin.plugins.dummy.settings import Settings
from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.device import claim_device, make_device, remove_device, set_up_device
from poplin.plugins.kit.undo import Undo

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Give the container an address of its own. There is nobody on the device to have it already."""
    settings = Settings(call)
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        undo.push(remove_device, call, kernel, KIND)
        make_device(container, add_dummy(call.ifname), KIND)
        link = claim_device(call, container)
        result = ipam.ask(call, kernel, undo)
        return set_up_device(call, container, link, result, settings.dns, dad=False)
