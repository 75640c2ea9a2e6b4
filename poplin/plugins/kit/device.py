"""A device that is in the container alone, with no end of it on the host: macvlan, ipvlan, vlan, dummy, tap.

It is born in the container's namespace under its final name, and there it bears the attachment's alias, so that DEL
takes no other attachment's. The order of ADD is the same for all: make it, claim it, ask for addresses, which dhcp does
over the link, and set it up.
"""

from __future__ import annotations

from errno import EOPNOTSUPP

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.link import set_link
from poplin.plugins.kit import ipam
from poplin.plugins.kit.attachment import host_link_names, link_alias
from poplin.plugins.kit.container import configure_interface, find_container
from poplin.plugins.kit.teardown import Teardown
from poplin.spec.errors import KernelRefused
from poplin.spec.result import Interface

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.netlink import Request
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.call import Call
    from poplin.spec.result import DNS, Result

CONTAINER = 0  # the device's place in the result, which has no other


def make_device(where: Namespace, request: Request, module: str) -> None:
    """Have the kernel make it. Raises KernelRefused that names the module, if this kind of link comes from one."""
    try:
        where.rtnl.apply(request)
    except NetlinkError as error:
        if error.errno != EOPNOTSUPP:
            raise
        raise KernelRefused(f"this kernel knows no {module}", f"load it with `modprobe {module}`; {error}") from None


def claim_device(call: Call, container: Namespace) -> Link:
    """The new device, with the attachment's alias."""
    container.rtnl.apply(set_link(call.ifname, alias=link_alias(call.key)))
    return container.rtnl.get_link(call.ifname)


def set_up_device(
    call: Call, container: Namespace, link: Link, result: Result, dns: DNS | None, *, dad: bool
) -> dict[str, object]:
    """Addresses, up, routes; the answer to ADD. `dns` None leaves IPAM's. Raises CNIError."""
    result.interfaces = [Interface(link.name, link.mac, call.netns)]
    for item in result.ips:
        item.interface = CONTAINER
    if dns is not None:
        result.dns = dns
    configure_interface(container, link.name, result, dad=dad, link=link)
    return call.reply(result)


def delete_device(call: Call, kernel: Kernel, kind: str) -> None:
    """DEL: take the device away and release its addresses. Needs neither master nor prevResult nor settings that are
    right, and goes on when a step fails. Raises CNIError."""
    with Teardown() as teardown:
        teardown.run(ipam.delete_before_link, call, kernel)
        teardown.run(remove_device, call, kernel, kind)
        teardown.run(ipam.delete_after_link, call, kernel)


def remove_device(call: Call, kernel: Kernel, kind: str) -> None:
    """The container's link of this name, if it is of this kind and no other attachment's. The reference's have no
    alias. Without the namespace there is none."""
    container = find_container(kernel, call.netns)
    if container is None:
        return
    with container:
        link = container.rtnl.find_link(call.ifname) or container.rtnl.find_link(passing_name(call))
        if link and link.kind == kind and link.alias in ("", link_alias(call.key)):
            container.rtnl.remove_link(link.name, link.index)


def passing_name(call: Call) -> str:
    """What a device is called that cannot have its own name yet; one that was killed then has it still."""
    return next(host_link_names(call.key))
