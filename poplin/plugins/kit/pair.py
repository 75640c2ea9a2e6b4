"""The veth pair that joins a container to its host: made in one message, found again by its alias, removed from the
host's side, because the container's namespace may be gone or somebody else's by then."""

from __future__ import annotations

import time
from errno import EEXIST

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.link import set_link
from poplin.linux.wire.veth import add_veth
from poplin.plugins.kit.attachment import find_host_link, find_stale_links, host_link_names, link_alias
from poplin.plugins.kit.container import find_container
from poplin.spec.errors import Conflict, PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call

# The kernel tells a link's state a moment after both ends are up: usually within 1 ms, under load later.
STATE_PAUSES = (0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, *(1,) * 11)


def make_pair(call: Call, host: Namespace, container: Namespace, *, mtu: int = 0, mac: bytes = b"") -> str:
    """Make the pair and give it the attachment's alias in one send; the name it got on the host. Both ends are down.

    `mac` is for the container's end. Raises Conflict.
    """
    alias = link_alias(call.key)
    for name in host_link_names(call.key):
        link = host.rtnl.find_link(name)
        if link and link.alias == alias:  # of an ADD that was killed, into a namespace that is not this one
            host.rtnl.remove_link(link.name, link.index)
        elif link:  # somebody else's, which the second request below would make ours
            continue
        try:
            host.rtnl.apply(
                add_veth(name, call.ifname, container.fd, container.name, mtu=mtu, peer_mac=mac),
                set_link(name, alias=alias),
            )
        except NetlinkError as error:
            if error.errno != EEXIST:
                raise
        else:
            return name
    raise Conflict("no free name for the host's end of the pair", ", ".join(host_link_names(call.key)))


def silence_ipv6(host: Namespace, name: str) -> None:
    """No IPv6 on a host's end that needs none; before it is up, or it would already have joined its groups."""
    host.prefer_sysctl(f"net/ipv6/conf/{name}/accept_ra", "0")
    host.prefer_sysctl(f"net/ipv6/conf/{name}/disable_ipv6", "1")


def wait_until_operational(rtnl: Rtnl, end: Link) -> None:
    """Until packets pass through the host's end. Raises PluginNotAvailable."""
    for pause in STATE_PAUSES:
        if pause:  # to sleep for no time takes some
            time.sleep(pause)
        if rtnl.get_link(end.name).is_operational:
            return
    raise PluginNotAvailable(f"the host's end {end.name} did not come up", f"after {sum(STATE_PAUSES):.1f} s")


# Away with it.


def remove_pair(call: Call, kernel: Kernel) -> None:
    """Delete the pair. Ours is found on the host; only for one that another implementation made, whose name nobody
    can compute, is the container asked, and only a veth that bears no other attachment's alias is taken."""
    link = find_host_link(kernel.host.rtnl, call.key)
    if link:
        kernel.host.rtnl.remove_link(link.name, link.index)
        return
    container = find_container(kernel, call.netns)
    if container:
        with container:
            inner = container.rtnl.find_link(call.ifname)
            if inner and inner.kind == "veth" and not belongs_to_another(kernel.host.rtnl, inner, call.key):
                container.rtnl.remove_link(inner.name, inner.index)


def belongs_to_another(rtnl: Rtnl, inner: Link, key: str) -> bool:
    """Whether the far end of this veth is on the host and bears another attachment's alias."""
    outer = rtnl.find_link_by_index(inner.link)
    is_far_end = outer and outer.kind == "veth" and outer.link == inner.index
    return bool(is_far_end and outer and "/" in outer.alias and outer.alias != link_alias(key))


def collect_pairs(call: Call, kernel: Kernel) -> None:
    """GC: the pairs of this network's attachments that are not listed, all at once."""
    rtnl = kernel.host.rtnl
    rtnl.remove_links(find_stale_links(rtnl, call.config.name, call.valid_attachments()))
