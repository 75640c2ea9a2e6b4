"""The link that a container's device is made on: macvlan, ipvlan and vlan share its frames with the host.

It is looked for where it lives, on the host or with `linkInContainer` in the container, and so is the default route
that stands for its name. The device's MTU cannot exceed its own.
"""

from __future__ import annotations

from poplin.linux.wire.upper import Upper
from poplin.plugins.kit.mtu import SMALLEST_MTU, find_uplink, read_mtu
from poplin.spec.errors import InvalidConfig, PluginNotAvailable
from poplin.spec.names import check_new_interface_name
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from poplin.linux.kernel import Kernel
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.spec.fields import Fields


class Master(Record):
    """Which link it is: `name` is empty for the default route's; `mtu` is the device's, 0 for that of the link."""

    __slots__ = ("is_inside", "mtu", "name")

    def __init__(self, fields: Fields) -> None:
        """Raises DecodingFailure, InvalidConfig."""
        self.name = fields.text("master")
        self.is_inside = fields.flag("linkInContainer")
        self.mtu = read_mtu(fields)
        if self.name:
            check_new_interface_name(self.name, "`master`", InvalidConfig)

    @property
    def side(self) -> str:
        """Where it is, for a person."""
        return "container" if self.is_inside else "host"

    def choose_place(self, host: Namespace, container: Namespace) -> Namespace:
        """The namespace it is in; the device is made from there."""
        return container if self.is_inside else host


def read_mode(fields: Fields, modes: Iterable[str], default: str) -> str:
    """`mode`, how devices on one master deal with each other. Raises InvalidConfig."""
    mode = fields.text("mode") or default
    if mode not in modes:
        raise InvalidConfig(f"unknown mode {mode!r}", f"known are {', '.join(modes)}")
    return mode


def get_master(master: Master, where: Namespace) -> Link:
    """The link. Raises InvalidConfig if there is none, or if its MTU is below the device's."""
    link = where.rtnl.find_link(master.name) if master.name else find_uplink(where)
    if link is None and master.name:
        raise InvalidConfig(
            f"there is no link {master.name!r}, the `master`", f"`ip link` lists those of the {master.side}"
        )
    if link is None:
        raise InvalidConfig(f"the {master.side} has no default route, whose link would be the `master`", "set `master`")
    if master.mtu > link.mtu:
        raise InvalidConfig(
            f"invalid mtu {master.mtu}", f"on {link.name} it can be {SMALLEST_MTU} to {link.mtu}, or 0 for {link.mtu}"
        )
    return link


def plan_upper(master: Master, link: Link, container: Namespace, name: str, mac: bytes = b"") -> Upper:
    """The device to be made on `link`."""
    return Upper(name, link, container.fd, container.name, mtu=master.mtu, mac=mac)


def require_master(master: Master, kernel: Kernel, get: Callable[[Master, Namespace], Link] = get_master) -> None:
    """STATUS: ADD will `get` it. In a container that is not known yet it cannot be looked for. Raises
    PluginNotAvailable."""
    if master.is_inside:
        return
    try:
        get(master, kernel.host)
    except InvalidConfig as error:
        raise PluginNotAvailable(error.msg, error.details) from None
