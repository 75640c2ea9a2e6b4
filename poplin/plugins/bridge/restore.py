"""RESTORE, for `poplin reload`: the firewall's part of ADD again, from the result of ADD."""

from __future__ import annotations

from poplin.plugins.bridge.antispoof import guard_port
from poplin.plugins.bridge.settings import Settings
from poplin.plugins.kit.attachment import find_host_link
from poplin.plugins.kit.checks import get_container_interface
from poplin.plugins.kit.masquerade import masquerade

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. Raises CNIError."""
    settings = Settings(call)
    result = call.get_prev_result()
    if settings.ip_masq:
        masquerade(call, kernel, [item.address for item in result.ips])
    port = find_host_link(kernel.host.rtnl, call.key)
    if settings.mac_spoof_check and port:
        inner = get_container_interface(result, call.ifname, call.netns, kernel)
        guard_port(call, kernel.host, port.name, inner.mac)
