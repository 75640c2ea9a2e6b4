"""The sets of `antispoof.nft`."""

from __future__ import annotations

from poplin.linux.nft.elements import Set
from poplin.linux.nft.kinds import IFNAME, MAC
from poplin.linux.nft.skeleton import Skeleton

TABLE = "bridge poplin"
ANTISPOOF = Skeleton(TABLE, "antispoof", 1)

GUARDED = Set(TABLE, "guarded", (IFNAME,))
SENDERS = Set(TABLE, "senders", (IFNAME, MAC))
