"""Which subnet is this host's, as flannel's daemon writes it to a file of lines:

FLANNEL_NETWORK=10.1.0.0/16            all hosts together; several with commas between them
FLANNEL_SUBNET=10.1.17.1/24            this host; also FLANNEL_IPV6_NETWORK, FLANNEL_IPV6_SUBNET
FLANNEL_MTU=1472
FLANNEL_IPMASQ=true                    that the daemon masquerades, so that no plugin has to
"""

from __future__ import annotations

from poplin.linux.atomicfile import read_file
from poplin.spec.address import parse_prefix
from poplin.spec.errors import PluginNotAvailable
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.address import Prefix

NETWORKS = {4: "FLANNEL_NETWORK", 6: "FLANNEL_IPV6_NETWORK"}
SUBNETS = {4: "FLANNEL_SUBNET", 6: "FLANNEL_IPV6_SUBNET"}
MTU, IPMASQ = "FLANNEL_MTU", "FLANNEL_IPMASQ"
# Of each of these there must be one.
REQUIRED = (tuple(NETWORKS.values()), tuple(SUBNETS.values()), (MTU,), (IPMASQ,))
KNOWN = {key for keys in REQUIRED for key in keys}
LARGEST_MTU = (1 << 32) - 1


class Subnet(Record):
    """`networks` and `subnets`, IPv4 before IPv6; `is_masqueraded` by the daemon."""

    __slots__ = ("is_masqueraded", "mtu", "networks", "subnets")

    def __init__(self, networks: list[Prefix], subnets: list[Prefix], mtu: int, is_masqueraded: bool) -> None:
        self.networks = networks
        self.subnets = subnets
        self.mtu = mtu
        self.is_masqueraded = is_masqueraded


def read_subnet(path: str) -> Subnet:
    """What the daemon has written. Raises PluginNotAvailable: nothing can be attached before it has."""
    try:
        content = read_file(path)
    except OSError as error:
        raise PluginNotAvailable(f"cannot read {path}", error.strerror or str(error)) from None
    if content is None:
        raise PluginNotAvailable(f"there is no {path}", "flannel's daemon writes it; is it running?")
    try:
        return parse_subnet(content.decode())
    except ValueError as error:
        raise PluginNotAvailable(f"{path} says no subnet", str(error)) from None


def parse_subnet(text: str) -> Subnet:
    """The same of the file's text. Raises ValueError."""
    values = parse_values(text)
    missing = [key for keys in REQUIRED for key in keys if not any(each in values for each in keys)]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    networks = [each for version, key in NETWORKS.items() for each in parse_networks(values.get(key, ""), key, version)]
    subnets = [parse_network(values[key], key, version) for version, key in SUBNETS.items() if key in values]
    return Subnet(list(dict.fromkeys(networks)), subnets, parse_mtu(values[MTU]), values[IPMASQ] == "true")


def parse_values(text: str) -> dict[str, str]:
    """The known keys; the last of a repeated one counts. Raises ValueError for one without a value."""
    values = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if key in KNOWN:
            if not equals:
                raise ValueError(f"there is no `=` after {key}")
            values[key] = value
    return values


def parse_networks(text: str, key: str, version: int) -> list[Prefix]:
    """Those between commas; none if there is no such key. Raises ValueError."""
    return [parse_network(each, key, version) for each in text.split(",")] if text else []


def parse_network(text: str, key: str, version: int) -> Prefix:
    """A network of this IP version, without host bits. Raises ValueError."""
    try:
        prefix = parse_prefix(text)
    except ValueError as error:
        raise ValueError(f"{key}: {error}") from None
    if prefix.ip.version != version:
        raise ValueError(f"{key}: {text!r} is no IPv{version} network")
    return prefix.network


def parse_mtu(text: str) -> int:
    """A number of 32 bits. Raises ValueError."""
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and int(text) <= LARGEST_MTU):
        raise ValueError(f"{MTU}: {text!r} is no number from 0 to {LARGEST_MTU}")
    return int(text)
