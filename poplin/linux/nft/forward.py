"""The sets of `forward.nft` and `isolation.nft`, and the chains of administrators, `admin.nft`."""

from __future__ import annotations

from binascii import crc32

from poplin.linux.nft.elements import Set
from poplin.linux.nft.kinds import IFNAME
from poplin.linux.nft.nat import VERSIONS
from poplin.linux.nft.skeleton import Skeleton

TABLE = "inet poplin"
BRIDGE_TABLE = "bridge poplin"
FORWARD = Skeleton(TABLE, "forward", 1)
ISOLATION = Skeleton(BRIDGE_TABLE, "isolation", 1)
ADMIN_FILE = "admin"
ADMIN_MARK = "adm"  # a mark has 15 characters
ADMIN_VERSION = 1
MARK = 0x10000000  # of accepted packets
# The chains in this table of ours, whose names nobody else can have; those of conditions and administrators have a
# number behind theirs.
OWN_CHAINS = frozenset(
    [
        *("loopback_guard", "prerouting", "output", "publish", "postrouting", "published"),
        *("unmark", "forward", "towards", "allow", ADMIN_FILE),
    ]
)

ALLOWED = {v: Set(TABLE, f"allowed{v}", (ip,)) for v, ip in VERSIONS}
ZONED = {v: Set(TABLE, f"zoned{v}", (ip,)) for v, ip in VERSIONS}
GUESTS = Set(TABLE, "guests", (IFNAME, IFNAME, IFNAME))

GUARDED = Set(TABLE, "guarded", (IFNAME,))
SELVES = Set(TABLE, "selves", (IFNAME, IFNAME))
STRANGERS = Set(TABLE, "strangers", (IFNAME, IFNAME))
ISOLATED_PORTS = Set(BRIDGE_TABLE, "isolated", (IFNAME,))


def admin_skeleton(name: str) -> Skeleton:
    """The administrator's chain of this name, and what leads there."""
    number = f"{crc32(name.encode()):08x}"
    words = {"@NAME@": name, "@NUMBER@": number}
    return Skeleton(TABLE, ADMIN_FILE, ADMIN_VERSION, name=f"{ADMIN_MARK}-{number}", words=words, needs=FORWARD)
