"""The link whose VLAN it is."""

from __future__ import annotations

from poplin.plugins.kit.master import get_master
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.kit.master import Master


def get_parent(master: Master, where: Namespace) -> Link:
    """The master, which must be up: its VLANs cannot come up before it. Raises InvalidConfig."""
    link = get_master(master, where)
    if not link.is_up:
        raise InvalidConfig(f"the master {link.name!r} is down", f"run `ip link set dev {link.name} up`")
    return link
