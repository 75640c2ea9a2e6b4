"""One published port, as `runtimeConfig.portMappings` names it."""

from __future__ import annotations

from poplin.spec.address import IP, parse_ip
from poplin.spec.errors import InvalidConfig
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.fields import Fields

KNOWN = ("tcp", "udp", "sctp")
HIGHEST_PORT = 65535


class Mapping(Record):
    """`host_ip` is one address of the host or None for all; `versions` the IP versions it is for."""

    __slots__ = ("container_port", "host_ip", "host_port", "protocol", "versions")

    def __init__(
        self,
        protocol: str,
        host_port: int,
        container_port: int,
        host_ip: IP | None = None,
        versions: tuple[int, ...] = (4, 6),
    ) -> None:
        self.protocol = protocol
        self.host_port = host_port
        self.container_port = container_port
        self.host_ip = host_ip
        self.versions = versions


def read_mapping(fields: Fields) -> Mapping:
    """One entry of `portMappings`. Raises DecodingFailure or InvalidConfig.

    `0.0.0.0` and `::` are all addresses of one version; a protocol may be written in capitals, and none is tcp.
    """
    host_port = read_port(fields, "hostPort", "host port")
    container_port = read_port(fields, "containerPort", "container port")
    protocol = (fields.text("protocol") or "tcp").lower()
    if protocol not in KNOWN:
        raise InvalidConfig(f"unknown protocol {protocol!r} of host port {host_port}", f"known are {', '.join(KNOWN)}")
    text = fields.text("hostIP")
    if not text:
        return Mapping(protocol, host_port, container_port)
    try:
        ip = parse_ip(text)
    except ValueError as error:
        raise InvalidConfig(f"invalid hostIP of host port {host_port}", str(error)) from None
    return Mapping(protocol, host_port, container_port, ip if ip.value else None, (ip.version,))


def read_port(fields: Fields, key: str, what: str) -> int:
    """A port number. Raises InvalidConfig."""
    port = fields.number(key)
    if not 0 < port <= HIGHEST_PORT:
        raise InvalidConfig(f"invalid {what} number {port}", f"`{fields.path(key)}` can be 1 to {HIGHEST_PORT}")
    return port
