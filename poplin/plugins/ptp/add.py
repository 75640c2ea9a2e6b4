"""ADD: addresses first, so that all that follows is one plan; then the pair, the host's end, the container's end."""

from __future__ import annotations

from poplin.plugins.kit import ipam
from poplin.plugins.kit.container import open_container, require_free_name
from poplin.plugins.kit.mtu import choose_mtu
from poplin.plugins.kit.pair import make_pair, remove_pair, wait_until_operational
from poplin.plugins.kit.switches import enable_forwarding
from poplin.plugins.kit.undo import Undo
from poplin.plugins.kit.unmasquerade import unmasquerade
from poplin.plugins.ptp.ends import set_up_container, set_up_host
from poplin.plugins.ptp.settings import Settings
from poplin.spec.errors import InvalidConfig
from poplin.spec.result import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call
    from poplin.spec.result import Result

CONTAINER = 1  # the container's place in the result: host end, container end


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """Join the container to the host."""
    settings = Settings(call)
    host = kernel.host
    with open_container(kernel, call.netns) as container, Undo() as undo:
        require_free_name(container, call.ifname)
        result = ipam.ask(call, kernel, undo)
        complete(result, settings)
        mtu = choose_mtu(settings.mtu, host, result)
        undo.push(remove_pair, call, kernel)
        outer = host.rtnl.get_link(make_pair(call, host, container, mtu=mtu))
        inner = container.rtnl.get_link(call.ifname)
        result.interfaces = [Interface(outer.name, outer.mac), Interface(inner.name, inner.mac, call.netns)]
        for version in result.families:
            enable_forwarding(host, version)
        set_up_host(host, outer, result.ips)
        set_up_container(container, inner, result)
        if settings.ip_masq:
            from poplin.plugins.kit.masquerade import masquerade  # not part of every ADD's price

            undo.push(unmasquerade, call, kernel)
            masquerade(call, kernel, [item.address for item in result.ips])
        wait_until_operational(host.rtnl, outer)
        return call.reply(result)


def complete(result: Result, settings: Settings) -> None:
    """What the network adds to the addresses: their interface and dns. Raises InvalidConfig for one without a way."""
    for item in result.ips:
        item.interface = CONTAINER
        if item.gateway is None:
            raise InvalidConfig(
                f"address {item.address} has no gateway", "all traffic of ptp goes through it; have ipam give one"
            )
        if item.gateway == item.address.ip or item.gateway.bits != item.address.ip.bits:
            raise InvalidConfig(
                f"{item.gateway} cannot be the gateway of {item.address}", "it is another address of the same family"
            )
    if settings.dns is not None:
        result.dns = settings.dns
