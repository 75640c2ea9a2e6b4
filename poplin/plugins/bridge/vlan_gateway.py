"""The gateway of a network with `vlan`: not the bridge itself, which would be in the wrong VLAN, but a port of it.

       host
    ┌───────┐ port   vethc0ffee00 ═════ cni0.100 10.22.0.1/16
    │ cni0  ├──────── in VLAN 100
    └───────┘

Both ends of the pair are the host's. All containers of the VLAN share it, so it stays when they go. Any number of
ADDs may make it at once, and one that finds it half made completes it: the pair is born whole, and its port is up
only when all the rest is done.
"""

from __future__ import annotations

from errno import EEXIST

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.linux.wire.vlan import NATIVE, Vlans
from poplin.plugins.bridge.vlans import vlan_requests
from poplin.plugins.kit.attachment import host_link_names
from poplin.plugins.kit.pair import silence_ipv6, wait_until_operational
from poplin.plugins.kit.switches import disable_ipv6_key
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.bridge.settings import Settings


def ensure_vlan_gateway(host: Namespace, settings: Settings, bridge: Link, *, ipv6: bool) -> Link:
    """The interface that bears the gateway's addresses, up. Raises Conflict if its name is something else's."""
    name = settings.vlan_gateway
    if host.rtnl.find_link(name) is None and make_pair(host, name, bridge.mtu):
        host.prefer_sysctl(f"net/ipv6/conf/{name}/accept_ra", "0")
        if not ipv6:
            host.prefer_sysctl(disable_ipv6_key(name), "1")
    gateway = host.rtnl.get_link(name)
    port = find_port(host, gateway)
    if port is None or port.master not in (0, bridge.index):
        what = f"a port of {bridge.name!r} with both ends on this host"
        raise Conflict(f"{name!r} exists and is not {what}", f"it is a {gateway.kind or 'device'}; remove or rename it")
    if not (port.master and port.is_up and gateway.is_up):
        complete(host, settings, bridge, gateway, port)
        wait_until_operational(host.rtnl, port)
    return gateway


def make_pair(host: Namespace, name: str, mtu: int) -> bool:
    """Both ends on the host, the port's name derived from the other's; False if another ADD was faster."""
    for far in host_link_names(name):
        try:
            host.rtnl.apply(add_veth(far, name, host.fd, mtu=mtu))
        except NetlinkError as error:
            if error.errno != EEXIST:
                raise
            if host.rtnl.find_link(name):
                return False
        else:
            return True
    raise Conflict(f"no free name for the port of {name!r}", ", ".join(host_link_names(name)))


def find_port(host: Namespace, gateway: Link) -> Link | None:
    """The other end of the pair, if it is one and that end is on the host."""
    if gateway.kind != "veth" or gateway.netnsid is not None:
        return None
    port = host.rtnl.find_link_by_index(gateway.link)
    return port if port and port.kind == "veth" and port.link == gateway.index else None


def complete(host: Namespace, settings: Settings, bridge: Link, gateway: Link, port: Link) -> None:
    """The port on the bridge in its VLAN, both ends up. What is done already is not changed by doing it again."""
    silence_ipv6(host, port.name)
    host.rtnl.apply(
        set_link(port.name, port.index, master=bridge.index, master_name=bridge.name),
        *vlan_requests(settings, bridge, port, gateway_vlans(settings)),
        set_link(gateway.name, gateway.index, up=True),
        set_link(port.name, port.index, up=True),
    )


def gateway_vlans(settings: Settings) -> list[Vlans]:
    """The gateway's port is in the network's own VLAN; a trunk is the containers'."""
    return [Vlans(settings.vlan, settings.vlan, NATIVE)]
