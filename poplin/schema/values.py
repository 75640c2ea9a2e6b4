"""The strings in intents and policies: addresses, prefixes, ports and protocols, each read by one function.

The plugins hand most of them to Windows unread, so a mistake shows when a container starts, or never. Every reader
raises ValueError with the value and what to write instead. Blanks and empty strings are refused everywhere: Windows
splits the lists at commas and takes what is between them as it is. An IPv4-mapped IPv6 address is refused too, because
Windows does not apply it to IPv4 traffic.
"""

from __future__ import annotations

import json
import re
from typing import NoReturn

from poplin.spec.address import IP, Prefix, parse_ip, parse_prefix

SHOWN = 60  # characters of a value in a message

LAST_PORT = 65535
MAC_PREFIX = re.compile("[0-9A-Fa-f]{2}-[0-9A-Fa-f]{2}")
ANY_PROTOCOL = 256  # how Windows writes `whatever the protocol`
PROTOCOLS = {"any": ANY_PROTOCOL, "icmp": 1, "icmpv4": 1, "icmpv6": 58, "igmp": 2, "tcp": 6, "udp": 17}


def read_ipv4(text: str) -> IP:
    """`10.0.0.1`."""
    wanted = "an IPv4 address; write one like 10.0.0.1"
    ip = _parse_ip(text, wanted)
    return ip if ip.bits == 32 else _refuse(text, wanted)


def read_ip(text: str) -> IP:
    """`10.0.0.1` or `fd00::1`."""
    return _parse_ip(text, "an IP address; write one like 10.0.0.1 or fd00::1")


def read_ipv4_prefix(text: str) -> Prefix:
    """`10.0.0.0/24`, without host bits."""
    wanted = "an IPv4 prefix; write one like 10.0.0.0/24"
    prefix = _parse_prefix(text, wanted)
    return prefix if prefix.ip.bits == 32 else _refuse(text, wanted)


def read_prefix(text: str) -> Prefix:
    """`10.0.0.0/24` or `fd00::/64`, without host bits."""
    return _parse_prefix(text, "a prefix; write one like 10.0.0.0/24 or fd00::/64")


def read_address(text: str) -> Prefix:
    """`10.0.0.1` or `10.1.0.0/16`; an address alone is the prefix that has no other."""
    if "/" in text:
        return read_prefix(text)
    ip = _parse_ip(text, "an address or a prefix; write one like 10.0.0.1 or 10.0.0.0/24")
    return Prefix(ip, ip.bits)


def read_addresses(text: str) -> tuple[Prefix, ...]:
    """`10.0.0.1,10.1.0.0/16`."""
    return tuple(read_address(item) for item in _split(text, "addresses", "10.0.0.1,10.1.0.0/16"))


def read_ports(text: str) -> tuple[range, ...]:
    """`80,8000-8100`, each as a range of the ports it means."""
    return tuple(_read_port_range(item) for item in _split(text, "ports", "80,8000-8100"))


def read_protocols(text: str) -> frozenset[int]:
    """`6,17`: protocol numbers; Windows knows no names here."""
    return frozenset(_read_protocol(item) for item in _split(text, "protocol numbers", "6,17"))


def read_mac_prefix(text: str) -> str:
    """`0E-2A`, the first two bytes of MAC addresses."""
    return text if MAC_PREFIX.fullmatch(text) else _refuse(text, "the start of a MAC address; write one like 0E-2A")


def quote(value: object) -> str:
    """A value of a document for a message: one line, no control characters, not too long.

    Strings as Python writes them, everything else as JSON does.
    """
    try:
        text = repr(value) if isinstance(value, str) else json.dumps(value)
    except (TypeError, ValueError, RecursionError):  # no JSON, a number of thousands of digits, very deep
        text = f"<{type(value).__name__}>"
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}..."


def _parse_ip(text: str, wanted: str) -> IP:
    try:
        ip = parse_ip(text)
    except ValueError:
        return _refuse(text, wanted)
    return _refuse(text, f"an IPv4 address; write {ip}") if _is_mapped(text, ip) else ip


def _parse_prefix(text: str, wanted: str) -> Prefix:
    try:
        prefix = parse_prefix(text)
    except ValueError:
        return _refuse(text, wanted)
    if _is_mapped(text, prefix.ip):
        return _refuse(text, f"an IPv4 prefix; write {prefix.network}")
    return prefix if prefix == prefix.network else _refuse(text, f"the start of its prefix; write {prefix.network}")


def _is_mapped(text: str, ip: IP) -> bool:
    return ":" in text and ip.bits == 32


def _split(text: str, things: str, example: str) -> list[str]:
    if not text:
        _refuse(text, f"a list of {things}; write one like {example}")
    items = text.split(",")
    if any(character.isspace() for character in text):
        _refuse(text, f"a list of {things}; write it without blanks, like {example}")
    if not all(items):
        _refuse(text, f"a list of {things}; write something between all commas, like {example}")
    return items


def _read_port_range(item: str) -> range:
    first, dash, last = item.partition("-")
    if not dash:
        return range(_read_port(first, item), _read_port(first, item) + 1)
    ports = range(_read_port(first, item), _read_port(last, item) + 1)
    return ports or _refuse(item, f"a port range; write the smaller number first, as {last}-{first}")


def _read_port(text: str, item: str) -> int:
    port = _find_number(text, LAST_PORT)
    return port or _refuse(item, f"a port or a port range; write numbers from 1 to {LAST_PORT}, like 80 or 8000-8100")


def _read_protocol(item: str) -> int:
    if item.lower() in PROTOCOLS:
        _refuse(item, f"a protocol number; write {PROTOCOLS[item.lower()]}")
    number = _find_number(item, ANY_PROTOCOL)
    if number is None:
        _refuse(item, f"a protocol number; write one from 0 to {ANY_PROTOCOL}, like 6 for tcp or 17 for udp")
    return number


def _find_number(text: str, last: int) -> int | None:
    """A number in decimal digits up to `last`, None for anything else; a leading zero might mean octal to others."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(last))) or text != str(int(text)):
        return None
    return int(text) if int(text) <= last else None


def _refuse(text: str, wanted: str) -> NoReturn:
    raise ValueError(f"{quote(text)} is not {wanted}")
