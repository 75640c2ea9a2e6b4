"""Elements of every kind, each with nft's words for it, how `nft list` shows it, and the body of the message that adds
it. The bytes are those of a little-endian machine."""

from __future__ import annotations

from typing import NamedTuple

from poplin.linux.nft.elements import Element, Set
from poplin.linux.nft.kinds import ADDRESS4, ADDRESS6, IFNAME, MAC, PORT, PROTOCOL
from poplin.spec.address import parse_ip

INET, BRIDGE = "inet lab", "bridge lab"
PORTS4 = Set(INET, "ports4", (PROTOCOL, PORT), (ADDRESS4, PORT))

# The sets and what nft calls their types.
SETS = {
    "addr4": (Set(INET, "addr4", (ADDRESS4,)), "set", "ipv4_addr"),
    "addr6": (Set(INET, "addr6", (ADDRESS6,)), "set", "ipv6_addr"),
    "target4": (Set(INET, "target4", (ADDRESS4, PROTOCOL, PORT)), "set", "ipv4_addr . inet_proto . inet_service"),
    "keep4": (Set(INET, "keep4", (ADDRESS4, ADDRESS4)), "set", "ipv4_addr . ipv4_addr; flags interval"),
    "keep6": (Set(INET, "keep6", (ADDRESS6, ADDRESS6)), "set", "ipv6_addr . ipv6_addr; flags interval"),
    "links": (Set(INET, "links", (IFNAME,)), "set", "ifname"),
    "senders": (Set(BRIDGE, "senders", (IFNAME, MAC)), "set", "ifname . ether_addr"),
    "ports4": (PORTS4, "map", "inet_proto . inet_service : ipv4_addr . inet_service"),
    "hostports6": (
        Set(INET, "hostports6", (ADDRESS6, PROTOCOL, PORT), (ADDRESS6, PORT)),
        "map",
        "ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service",
    ),
}


class Golden(NamedTuple):
    """One element; `words` is for `nft add element`, `shown` is what `nft list` prints where that differs."""

    element: Element
    words: str
    body: str
    shown: str = ""


def make(
    name: str, *key: object, data: tuple[object, ...] = (), end: tuple[object, ...] = (), comment: str = ""
) -> Element:
    """An element; texts with a dot or a colon that are addresses become those."""
    return Element(SETS[name][0], tuple(map(value, key)), tuple(map(value, data)), comment, tuple(map(value, end)))


def value(item: object) -> object:
    """An address for its text, everything else as it is."""
    try:
        return parse_ip(item) if isinstance(item, str) else item
    except ValueError:
        return item


LONGEST = "c" * 128

GOLDEN = [
    Golden(
        make("addr4", "10.1.2.3"),
        "10.1.2.3",
        "01000000 08000100 6c616200 0a000200 61646472 34000000 14000380 10000180 0c000180 08000100 0a010203",
    ),
    Golden(
        make("addr4", "10.1.2.3", comment="hi"),
        '10.1.2.3 comment "hi"',
        "01000000 08000100 6c616200 0a000200 61646472 34000000 20000380 1c000180 0c000180 08000100 0a010203"
        " 09000600 00036869 00000000",
    ),
    Golden(
        make("addr4", "10.1.2.3", comment=LONGEST),
        f'10.1.2.3 comment "{LONGEST}"',
        "01000000 08000100 6c616200 0a000200 61646472 34000000 9c000380 98000180 0c000180 08000100 0a010203"
        f" 87000600 0081{'63' * 128}0000",
    ),
    Golden(
        make("addr6", "fd00::3"),
        "fd00::3",
        "01000000 08000100 6c616200 0a000200 61646472 36000000 20000380 1c000180 18000180 14000100"
        " fd000000 00000000 00000000 00000003",
    ),
    Golden(
        make("target4", "10.1.2.3", "tcp", 80),
        "10.1.2.3 . tcp . 80",
        "01000000 08000100 6c616200 0c000200 74617267 65743400 1c000380 18000180 14000180 10000100"
        " 0a010203 06000000 00500000",
    ),
    Golden(
        make("keep4", "10.1.2.0", "10.1.2.0", end=("10.1.2.255", "10.1.2.255"), comment="mynet/"),
        '10.1.2.0-10.1.2.255 . 10.1.2.0-10.1.2.255 comment "mynet/"',
        "01000000 08000100 6c616200 0a000200 6b656570 34000000 38000380 34000180"
        " 10000180 0c000100 0a010200 0a010200 10000a80 0c000100 0a0102ff 0a0102ff 0d000600 00076d79 6e65742f 00000000",
        '10.1.2.0/24 . 10.1.2.0/24 comment "mynet/"',
    ),
    Golden(
        make("keep4", "10.1.2.1", "10.9.0.0", end=("10.1.2.2", "10.9.0.0")),
        "10.1.2.1-10.1.2.2 . 10.9.0.0-10.9.0.0",
        "01000000 08000100 6c616200 0a000200 6b656570 34000000 28000380 24000180"
        " 10000180 0c000100 0a010201 0a090000 10000a80 0c000100 0a010202 0a090000",
        "10.1.2.1-10.1.2.2 . 10.9.0.0",
    ),
    Golden(
        make("keep6", "fd00::", "fd00::", end=("fd00::ffff", "fd00::ffff")),
        "fd00::-fd00::ffff . fd00::-fd00::ffff",
        "01000000 08000100 6c616200 0a000200 6b656570 36000000 58000380 54000180 28000180 24000100"
        " fd000000 00000000 00000000 00000000 fd000000 00000000 00000000 00000000 28000a80 24000100"
        " fd000000 00000000 00000000 0000ffff fd000000 00000000 00000000 0000ffff",
        "fd00::/112 . fd00::/112",
    ),
    Golden(
        make("links", "vethc0ffee00"),
        '"vethc0ffee00"',
        "01000000 08000100 6c616200 0a000200 6c696e6b 73000000 20000380 1c000180 18000180 14000100"
        " 76657468 63306666 65653030 00000000",
    ),
    Golden(
        make("senders", "vethc0ffee00", "02:ab:cd:ef:00:01", comment="x"),
        '"vethc0ffee00" . 02:ab:cd:ef:00:01 comment "x"',
        "07000000 08000100 6c616200 0c000200 73656e64 65727300 30000380 2c000180 20000180 1c000100"
        " 76657468 63306666 65653030 00000000 02abcdef 00010000 08000600 00027800",
    ),
    Golden(
        make("ports4", "tcp", 8080, data=("10.1.2.3", 80), comment="c1"),
        'tcp . 8080 comment "c1" : 10.1.2.3 . 80',
        "01000000 08000100 6c616200 0b000200 706f7274 73340000 34000380 30000180"
        " 10000180 0c000100 06000000 1f900000 10000280 0c000100 0a010203 00500000 09000600 00036331 00000000",
    ),
    Golden(
        make("ports4", "udp", 53, data=("10.1.2.3", 5353)),
        "udp . 53 : 10.1.2.3 . 5353",
        "01000000 08000100 6c616200 0b000200 706f7274 73340000 28000380 24000180"
        " 10000180 0c000100 11000000 00350000 10000280 0c000100 0a010203 14e90000",
    ),
    Golden(
        make("hostports6", "2001:db8::1", "sctp", 8080, data=("fd00::3", 80)),
        "2001:db8::1 . sctp . 8080 : fd00::3 . 80",
        "01000000 08000100 6c616200 0f000200 686f7374 706f7274 73360000 44000380 40000180"
        " 20000180 1c000100 20010db8 00000000 00000000 00000001 84000000 1f900000"
        " 1c000280 18000100 fd000000 00000000 00000000 00000003 00500000",
    ),
]
