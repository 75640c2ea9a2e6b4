"""Tables of iptables' legacy kind, which live beside nftables: read in the kernel's own format, without its tool.

    getsockopt(SOL_IP, IPT_SO_GET_INFO)       char name[32], u32 hooks, entry[5], underflow[5], entries, size
    getsockopt(SOL_IP, IPT_SO_GET_ENTRIES)    char name[32], u32 size, padding to 8, size bytes of rules

Of the rules no more is understood than whether some text is in them. See linux/netfilter_ipv4/ip_tables.h.
"""

from __future__ import annotations

from _socket import SOCK_DGRAM
from _socket import socket as Descriptor
from errno import EAGAIN
from posix import strerror

from poplin.linux.netlink import U32

TABLES = {4: "ip_tables_names", 6: "ip6_tables_names"}  # the files of /proc/net that list tables
FAMILIES = {4: (2, 0), 6: (10, 41)}  # AF_INET, SOL_IP; AF_INET6, SOL_IPV6
GET_INFO = 64
GET_ENTRIES = 65
LONGEST_NAME = 32  # XT_TABLE_MAXNAMELEN
INFO_SIZE = 84
SIZE_AT = 80
ENTRIES_AT = 40
TRIES = 5  # each after somebody else's change


def read_table(version: int, table: str) -> bytes:
    """The rules of a table in the namespace the thread is in. Raises OSError."""
    family, level = FAMILIES[version]
    socket = Descriptor(family, SOCK_DGRAM)
    tries_left = TRIES
    try:
        while True:
            size = U32.unpack_from(ask(socket, level, GET_INFO, table, INFO_SIZE), SIZE_AT)[0]
            try:
                return ask(socket, level, GET_ENTRIES, table, ENTRIES_AT + size, size)[ENTRIES_AT:]
            except OSError as error:
                tries_left -= 1
                if not tries_left or error.errno != EAGAIN:  # the table has another size by now
                    raise
    finally:
        socket.close()


def ask(socket: Descriptor, level: int, option: int, table: str, length: int, size: int = 0) -> bytes:
    """One question, whose beginning says what is asked for. Raises OSError."""
    import ctypes  # Python's own getsockopt asks with nothing; and few hosts have such tables

    about = table.encode().ljust(LONGEST_NAME, b"\0") + U32.pack(size)
    buffer = ctypes.create_string_buffer(about, length)
    told = ctypes.c_uint32(length)
    library = ctypes.CDLL(None, use_errno=True)
    if library.getsockopt(socket.fileno(), level, option, buffer, ctypes.byref(told)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"cannot read the table {table} of iptables: {strerror(code)}")
    return buffer.raw
