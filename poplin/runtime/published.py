"""Which ports of the host lead to an attachment: what ADD was asked for, laid beside what our firewall table has."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

from poplin.linux.netns import Namespace
from poplin.linux.nft.elements import Element
from poplin.linux.nft.nat import TABLE, PortMaps
from poplin.runtime.cache import Entry
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.netlist import parse_network_list

PLUGIN = "portmap"
CAPABILITY = "portMappings"
CONDITIONS = ("conditionsV4", "conditionsV6")
ANY_ADDRESS = ("", "0.0.0.0", "::")

KEY_PARTS = 3  # network/container id/interface, which our plugins write behind a checksum into the comment
Target = tuple[str, int, str, int]  # protocol, port of the host, address or id of the container, its port


@dataclass(frozen=True)
class SeenPort:
    """A published port. It is present if our table has it; None if that cannot be told, as of another's plugin."""

    host_ip: str
    host_port: int
    protocol: str
    container_port: int
    is_present: bool | None = None

    def __str__(self) -> str:
        host = f"[{self.host_ip}]:" if ":" in self.host_ip else f"{self.host_ip}:" if self.host_ip else ""
        return f"{host}{self.host_port}->{self.container_port}/{self.protocol}"


class Published:
    """What our table publishes, read once and only if somebody was to have a port."""

    def __init__(self, host: Namespace) -> None:
        self._host = host

    def look_up(self, entry: Entry, addresses: Iterable[str], *, is_ours: bool) -> list[SeenPort]:
        """The ports of one attachment, which has these addresses, with or without length; only of one that our
        plugins made it can be told that a port is missing."""
        hosts = [each.partition("/")[0] for each in addresses]
        absent = False if is_ours and not has_conditions(entry.config) else None
        container = entry.attachment.container_id
        return [
            replace(port, is_present=self._has(port, hosts) or self._leads_to(port, container) or absent)
            for port in read_ports(entry)
        ]

    def _has(self, port: SeenPort, hosts: list[str]) -> bool:
        wanted = {(port.protocol, port.host_port, host, port.container_port) for host in hosts}
        return not self._targets.isdisjoint(wanted)

    def _leads_to(self, port: SeenPort, container: str) -> bool:
        """Whether the port is another attachment's of the same container, which was to have it too and came first."""
        return (port.protocol, port.host_port, container, port.container_port) in self._containers

    @cached_property
    def _elements(self) -> list[Element]:
        if not self._host.has_table(TABLE):
            return []
        return [each for of in PortMaps().all for each in self._host.nft.list(of)]

    @cached_property
    def _targets(self) -> set[Target]:
        return {make_target(each, str(each.data[0])) for each in self._elements}

    @cached_property
    def _containers(self) -> set[Target]:
        keys = [(each, each.comment.partition(" ")[2].split("/")) for each in self._elements]
        return {make_target(each, key[1]) for each, key in keys if len(key) == KEY_PARTS}


def make_target(element: Element, whose: str) -> Target:
    """Where an element of a map leads."""
    return str(element.key[-2]), int(element.key[-1]), whose, int(element.data[1])


def read_ports(entry: Entry) -> list[SeenPort]:
    """What the record says that ADD was given; what does not parse is left out, as nobody can publish it."""
    ports = []
    try:
        for each in Fields(dict(entry.attachment.capability_args)).objects(CAPABILITY):
            host_ip = each.text("hostIP")
            shown = "" if host_ip in ANY_ADDRESS else host_ip
            protocol = each.text("protocol").lower() or "tcp"
            ports.append(SeenPort(shown, each.number("hostPort"), protocol, each.number("containerPort")))
    except CNIError:
        pass
    return ports


def has_conditions(config: bytes) -> bool:
    """Whether the network publishes under conditions: those ports are in maps of their own."""
    try:
        plugins = parse_network_list(config).plugins
    except CNIError:
        return True
    found = [Fields(each.source) for each in plugins if each.type == PLUGIN]
    return not found or any(key in each for each in found for key in CONDITIONS)
