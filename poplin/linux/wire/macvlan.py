"""macvlan devices (linux/if_link.h, IFLA_MACVLAN_*)."""

from __future__ import annotations

from poplin.linux.netlink import u32_attribute, unpack_u32
from poplin.linux.wire.upper import add_upper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.upper import Upper

KIND = "macvlan"
IFLA_MACVLAN_BC_QUEUE_LEN = 7
IFLA_MACVLAN_MODE = 1
MODES = {"private": 1, "vepa": 2, "bridge": 4, "passthru": 8}


def add_macvlan(upper: Upper, mode: str, *, queue: int = 0) -> Request:
    """As `ip link add ... type macvlan mode MODE`; `queue` is how many broadcasts may wait, 0 for the default."""
    data, words = u32_attribute(IFLA_MACVLAN_MODE, MODES[mode]), f"mode {mode}"
    if queue:
        data += u32_attribute(IFLA_MACVLAN_BC_QUEUE_LEN, queue)
        words += f" bcqueuelen {queue}"
    return add_upper(upper, KIND, words, data)


def find_mode(link: Link) -> str:
    """Its mode, empty for one that MODES does not have."""
    number = unpack_u32(link.data[IFLA_MACVLAN_MODE])
    return next((mode for mode, known in MODES.items() if known == number), "")
