"""ADD: the tap by ioctl under its final name, the rest of it in one message; then addresses, and up."""

from __future__ import annotations

from poplin.linux.tap import KIND, Tap
from poplin.linux.wire.link import set_link
from poplin.plugins.kit import ipam
from poplin.plugins.kit.attachment import link_alias
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.device import remove_device, set_up_device
from poplin.plugins.kit.undo import Undo
from poplin.plugins.tap.driver import make_tap
from poplin.plugins.tap.settings import Settings
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Give the container the tap. No detection of duplicate addresses: there is nobody on the link yet."""
    settings = Settings(call)
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        bridge = get_bridge(settings, container)
        undo.push(remove_device, call, kernel, KIND)
        make_tap(container, plan_tap(call, settings))
        link = dress(call, container, settings, bridge)
        result = ipam.ask(call, kernel, undo)
        container.prefer_sysctl(f"net/ipv4/conf/{link.name}/arp_notify", "1")
        return set_up_device(call, container, link, result, settings.dns, dad=False)


def get_bridge(settings: Settings, container: Namespace) -> Link | None:
    """The bridge in the container, None if none is asked for. Raises InvalidConfig."""
    if not settings.bridge:
        return None
    link = container.rtnl.find_link(settings.bridge)
    if link is None or link.kind != "bridge":
        what = "has no such link" if link is None else f"has a {link.kind or 'device'} of that name"
        raise InvalidConfig(f"there is no bridge {settings.bridge!r}", f"the container {what}")
    return link


def plan_tap(call: Call, settings: Settings) -> Tap:
    """What the driver has to know."""
    return Tap(
        call.ifname,
        multi_queue=settings.multi_queue,
        owner=settings.owner,
        group=settings.group,
        context=settings.context,
    )


def dress(call: Call, container: Namespace, settings: Settings, bridge: Link | None) -> Link:
    """Alias, MAC, MTU and bridge of the new tap; the tap."""
    wanted = set_link(
        call.ifname,
        mac=settings.mac,
        mtu=settings.mtu,
        master=bridge.index if bridge else 0,
        master_name=settings.bridge,
        alias=link_alias(call.key),
    )
    container.rtnl.apply(wanted)
    return container.rtnl.get_link(call.ifname)
