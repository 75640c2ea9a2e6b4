"""CHECK: the VRF is there, with its table, and the interface is in it."""

from __future__ import annotations

from poplin.linux.wire.vrf import KIND, table_of
from poplin.plugins.kit.container import open_container
from poplin.plugins.vrf.settings import Settings
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises CheckFailed with the first difference, InvalidConfig without prevResult."""
    settings = Settings(call)
    call.get_prev_result()
    with open_container(kernel, call.netns) as container:
        check(container, call.ifname, settings)


def check(container: Namespace, ifname: str, settings: Settings) -> None:
    """Raises CheckFailed."""
    vrf = container.rtnl.find_link(settings.name)
    if vrf is None or vrf.kind != KIND:
        raise CheckFailed(f"VRF {settings.name!r} is gone from the container", f"{ifname!r} was in it")
    if settings.table not in (0, table_of(vrf)):
        raise CheckFailed(f"VRF {settings.name!r} has table {table_of(vrf)}", f"instead of {settings.table}")
    if not vrf.is_up:
        raise CheckFailed(f"VRF {settings.name!r} is down", "its routes lead nowhere")
    link = container.rtnl.find_link(ifname)
    if link is None:
        raise CheckFailed(f"interface {ifname!r} is gone from the container", f"it was in VRF {settings.name!r}")
    if link.master != vrf.index:
        raise CheckFailed(f"interface {ifname!r} is not in VRF {settings.name!r}", "its packets take the main table")
