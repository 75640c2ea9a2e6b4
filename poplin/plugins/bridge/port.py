"""The container's port: a veth pair from the bridge into the container's namespace."""

from __future__ import annotations

from errno import EXFULL

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.bridge import MOST_PORTS, set_port
from poplin.linux.wire.link import set_link
from poplin.plugins.kit.pair import make_pair, silence_ipv6
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings
    from poplin.spec.call import Call


def add_port(call: Call, host: Namespace, container: Namespace, bridge: Link, settings: Settings, mtu: int) -> Link:
    """The host's end of a new pair, up, on the bridge; the container's end stays down. Raises Conflict."""
    name = make_pair(call, host, container, mtu=mtu, mac=settings.mac)
    silence_ipv6(host, name)
    link = host.rtnl.get_link(name)
    if settings.mac_spoof_check:
        from poplin.plugins.bridge.antispoof import guard_port  # not part of every ADD's price

        guard_port(call, host, name, container.rtnl.get_link(call.ifname).mac)
    try:
        host.rtnl.apply(*join_requests(settings, bridge, link))
    except NetlinkError as error:
        if error.errno != EXFULL:
            raise
        full = f"a bridge takes {MOST_PORTS} ports; use a second network with another `bridge`"
        raise Conflict(f"bridge {bridge.name!r} is full", full) from None
    if settings.hairpin or settings.port_isolation:
        host.rtnl.apply(set_port(name, link.index, hairpin=settings.hairpin, isolated=settings.port_isolation))
    return link


def join_requests(settings: Settings, bridge: Link, port: Link) -> list[Request]:
    """What makes the link a port of the bridge: in its VLANs before a frame can pass."""
    if not settings.filters_vlans:
        return [set_link(port.name, port.index, master=bridge.index, master_name=bridge.name, up=True)]
    from poplin.plugins.bridge.vlans import vlan_requests, wanted_vlans  # here, because most networks do without

    return [
        set_link(port.name, port.index, master=bridge.index, master_name=bridge.name),
        *vlan_requests(settings, bridge, port, wanted_vlans(settings)),
        set_link(port.name, port.index, up=True),
    ]
