"""What `format` means in `schemas/windows`: a reader for each, which raises ValueError with what to write instead."""

from __future__ import annotations

from collections.abc import Callable

from poplin.autogen.fields import read_version
from poplin.autogen.values import (
    quote,
    read_address,
    read_addresses,
    read_ip,
    read_ipv4_prefix,
    read_mac_prefix,
    read_ports,
    read_prefix,
    read_protocols,
)
from poplin.spec.address import parse_prefix
from poplin.spec.names import is_identifier

Reader = Callable[[str], object]


def read_network_name(text: str) -> str:
    """What the CNI library takes for the name of a network, and so every plugin that is built on it."""
    if not is_identifier(text):
        wanted = "a letter or digit, then letters, digits, `_`, `.` and `-`"
        raise ValueError(f"{quote(text)} is not a network name: {wanted}")
    return text


def allow_host_bits(read: Reader) -> Reader:
    """A reader of prefixes for where host bits do no harm: `10.0.0.1/8`."""

    def read_loosely(text: str) -> object:
        try:
            return read(text)
        except ValueError:
            if is_readable(find_start(text), read):
                return text
            raise

    return read_loosely


def find_start(text: str) -> str:
    """The prefix without host bits; empty if it is none."""
    try:
        return str(parse_prefix(text).network)
    except ValueError:
        return ""


def is_readable(text: str, read: Reader) -> bool:
    """Whether the reader takes it."""
    try:
        read(text)
    except ValueError:
        return False
    return True


READERS: dict[str, Reader] = {
    "address": read_address,
    "addresses": read_addresses,
    "cni-version": read_version,
    "ip": read_ip,
    "ipv4-prefix": read_ipv4_prefix,
    "ipv4-subnet": allow_host_bits(read_ipv4_prefix),
    "mac-prefix": read_mac_prefix,
    "network-name": read_network_name,
    "ports": read_ports,
    "prefix": read_prefix,
    "protocols": read_protocols,
    "subnet": allow_host_bits(read_prefix),
}
