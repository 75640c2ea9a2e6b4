"""ipvlan devices (linux/if_link.h, IFLA_IPVLAN_*). All of a master have one mode: the last one that was given."""

from __future__ import annotations

from poplin.linux.netlink import attribute
from poplin.linux.wire.upper import U16, add_upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.upper import Upper

KIND = "ipvlan"
IFLA_IPVLAN_MODE = 1
MODES = {"l2": 0, "l3": 1, "l3s": 2}


def add_ipvlan(upper: Upper, mode: str) -> Request:
    """As `ip link add ... type ipvlan mode MODE`, each of them reaching the others."""
    return add_upper(upper, KIND, f"mode {mode}", attribute(IFLA_IPVLAN_MODE, U16.pack(MODES[mode])))


def find_mode(link: Link) -> str:
    """Its mode, empty for one that MODES does not have."""
    number = U16.unpack(link.data[IFLA_IPVLAN_MODE])[0]
    return next((mode for mode, known in MODES.items() if known == number), "")
