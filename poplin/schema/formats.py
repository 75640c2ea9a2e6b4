"""What `format` means in `schemas/`: a reader for each, which raises ValueError with what to write instead."""

from __future__ import annotations

from collections.abc import Callable

from poplin.schema.values import (
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
from poplin.spec.address import parse_ip, parse_ip_or_prefix, parse_prefix
from poplin.spec.errors import CNIError, DecodingFailure
from poplin.spec.names import check_new_interface_name, check_plugin_type, is_identifier
from poplin.spec.versions import parse_version

Reader = Callable[[str], object]


def read_network_name(text: str) -> str:
    """What the CNI library takes for the name of a network, and so every plugin that is built on it."""
    if not is_identifier(text):
        wanted = "a letter or digit, then letters, digits, `_`, `.` and `-`"
        raise ValueError(f"{quote(text)} is not a network name: {wanted}")
    return text


def read_version(text: str) -> str:
    """A version of the CNI specification."""
    try:
        numbers = parse_version(text)
    except DecodingFailure:
        numbers = (0, 0, 0)
    if text != "{}.{}.{}".format(*numbers) or not any(numbers):
        raise ValueError(f"{quote(text)} is not a version of the CNI specification; write one like 0.3.0")
    return text


def wanting(parse: Reader, wanted: str) -> Reader:
    """A parser of the specification's, and of our plugins, in a sentence that says what to write."""

    def read(text: str) -> object:
        try:
            return parse(text)
        except (ValueError, CNIError):
            raise ValueError(f"{quote(text)} is not {wanted}") from None

    return read


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
    "cni-address": wanting(parse_prefix, "an address with a prefix length; write one like 10.22.0.2/16"),
    "cni-ip": wanting(parse_ip, "an IP address; write one like 10.22.0.1 or fd00::1"),
    "cni-ip-or-prefix": wanting(parse_ip_or_prefix, "an IP address; write one like 10.22.0.5 or fd00::5"),
    "interface": wanting(check_new_interface_name, "an interface name; write 1 to 15 bytes without /, :, % and blanks"),
    "plugin": wanting(check_plugin_type, "a plugin; write the name of its executable, without a folder"),
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
