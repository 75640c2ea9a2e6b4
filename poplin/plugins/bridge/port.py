"""The container's port: a veth pair from the bridge into the container's namespace."""

from __future__ import annotations

import time
from errno import EEXIST, EXFULL

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.bridge import MOST_PORTS, set_port
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.attachment import find_host_link, host_link_names, link_alias
from poplin.spec.errors import Conflict, PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings
    from poplin.spec.call import Call

# The kernel tells a port's state a moment after both ends are up: usually within 1 ms, under load later.
STATE_PAUSES = (0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1)


def add_port(call: Call, host: Namespace, container: Namespace, bridge: Link, settings: Settings, mtu: int) -> Link:
    """The host's end of a new pair, up, on the bridge; the container's end stays down. Raises Conflict."""
    name = make_pair(call, host, container, settings, mtu)
    silence_ipv6(host, name)
    link = host.rtnl.get_link(name)
    try:
        host.rtnl.apply(set_link(name, link.index, master=bridge.index, up=True))
    except NetlinkError as error:
        if error.errno != EXFULL:
            raise
        full = f"a bridge takes {MOST_PORTS} ports; use a second network with another `bridge`"
        raise Conflict(f"bridge {bridge.name!r} is full", full) from None
    if settings.hairpin or settings.port_isolation:
        host.rtnl.apply(set_port(name, link.index, hairpin=settings.hairpin, isolated=settings.port_isolation))
    return link


def make_pair(call: Call, host: Namespace, container: Namespace, settings: Settings, mtu: int) -> str:
    """Make the pair and give it the attachment's alias in one send; the name it got on the host."""
    alias = link_alias(call.key)
    stale = find_host_link(host.rtnl, call.key)
    if stale:  # of an ADD that was killed, into a namespace that is not this one
        host.rtnl.remove_link(stale.name, stale.index)
    for name in host_link_names(call.key):
        if host.rtnl.find_link(name):  # somebody else's, which the second request below would make ours
            continue
        try:
            host.rtnl.apply(
                add_veth(name, call.ifname, container.fd, mtu=mtu, peer_mac=settings.mac),
                set_link(name, alias=alias),
            )
        except NetlinkError as error:
            if error.errno != EEXIST:
                raise
        else:
            return name
    raise Conflict("no free name for the host's end of the pair", ", ".join(host_link_names(call.key)))


def silence_ipv6(host: Namespace, name: str) -> None:
    """A bridge port needs no IPv6 of its own; before it is up, or it would already have joined its groups."""
    host.prefer_sysctl(f"net/ipv6/conf/{name}/accept_ra", "0")
    host.prefer_sysctl(f"net/ipv6/conf/{name}/disable_ipv6", "1")


def wait_until_operational(rtnl: Rtnl, port: Link) -> None:
    """Until the bridge forwards through the port. Raises PluginNotAvailable."""
    for pause in STATE_PAUSES:
        time.sleep(pause)
        if rtnl.get_link(port.name).is_operational:
            return
    raise PluginNotAvailable(f"the bridge port {port.name} did not come up", f"after {sum(STATE_PAUSES):.1f} s")
