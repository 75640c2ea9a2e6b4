"""Links made on a master in the kernel in memory: what they have of it, as the real one gives it to them."""

from __future__ import annotations

from errno import EEXIST, ENODEV

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire import ipvlan, macvlan, vlan_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link

KINDS = (ipvlan.KIND, macvlan.KIND, vlan_device.KIND)
PASSTHRU = "passthru"


def find_below(here: Tables, request: Request, wanted: Link) -> Link | None:
    """The master that a new link names, None for a kind that has none. Raises NetlinkError (ENODEV, EEXIST).

    A name that is taken here is refused, wherever the link is to be, as older kernels do: a preview is for any.
    """
    if wanted.kind not in KINDS:
        return None
    if here.find(wanted.name):
        raise NetlinkError(EEXIST, request.text)
    below = here.find(index=wanted.link)
    if below is None:
        raise NetlinkError(ENODEV, request.text)
    if wanted.kind == vlan_device.KIND and any(each.data == wanted.data for _, each in list_on(here, below)):
        raise NetlinkError(EEXIST, request.text)  # a master has one for each VLAN
    return below


def list_on(here: Tables, master: Link) -> list[tuple[Tables, Link]]:
    """The links on a master that is `here`, with where they are; they go with it."""
    return [
        (place, each)
        for place in here.world.namespaces
        for each in place.links
        if each.kind in KINDS and each.link == master.index and (each.netnsid is None) == (place is here)
    ]


def lay_on(below: Link, made: Link, wanted: Link, invented: dict[str, str]) -> None:
    """Its data, the MTU where none was asked for, and the MAC, which a macvlan has for itself unless it has all of
    the master."""
    made.link = below.index
    made.data = wanted.data
    made.mtu = wanted.mtu or below.mtu
    if made.kind != macvlan.KIND or macvlan.find_mode(made) == PASSTHRU:
        invented.pop(made.mac, None)
        made.mac = below.mac
