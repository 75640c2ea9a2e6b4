"""Is a table there? Asked before anything else of nftables is loaded, as on many hosts and for most calls none is."""

from __future__ import annotations

from errno import EINVAL, ENOENT, EOPNOTSUPP, EPROTONOSUPPORT

from poplin.linux.netlink import Request, Socket, text_attribute

NETLINK_NETFILTER = 12  # linux/netlink.h
NFNL_SUBSYS_NFTABLES = 10 << 8  # linux/netfilter/nfnetlink.h
NFT_MSG_GETTABLE = NFNL_SUBSYS_NFTABLES | 1  # linux/netfilter/nf_tables.h
NFTA_TABLE_NAME = 1
FAMILIES = {"ip": 2, "inet": 1, "bridge": 7, "ip6": 10}  # linux/netfilter.h, NFPROTO_*


# What a kernel says that has no such table, or no nftables at all.
ABSENT = (ENOENT, EINVAL, EOPNOTSUPP, EPROTONOSUPPORT)


def has_table(table: str) -> bool:
    """Whether the namespace the thread is in has this table, as `inet poplin`. Raises OSError."""
    family, name = table.split()
    body = header(family) + text_attribute(NFTA_TABLE_NAME, name)
    try:
        socket = Socket(NETLINK_NETFILTER)
        try:
            socket.ask(Request(NFT_MSG_GETTABLE, 0, body, f"nft list table {table}"))
        finally:
            socket.close()
    except OSError as error:
        if error.errno not in ABSENT:
            raise
        return False
    return True


def header(family: str, resource: int = 0) -> bytes:
    """nfgenmsg: u8 family, u8 version, u16 resource id (big-endian)."""
    return bytes([FAMILIES.get(family, 0), 0]) + resource.to_bytes(2, "big")
