"""An attachment with a lease as it is written down: what a daemon that is started again must know to go on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from poplin.dhcp.client import Identity
from poplin.dhcp.interface import Interface
from poplin.dhcp.lease import Lease, parse_lease

T = TypeVar("T", "Key", Interface)


@dataclass(frozen=True, order=True)
class Key:
    """Which attachment; `str` is the name by which the server knows it as well."""

    container_id: str
    network: str
    ifname: str

    def __str__(self) -> str:
        return f"{self.container_id}/{self.network}/{self.ifname}"


@dataclass(frozen=True)
class Record:
    """`identity` is who asks the server, `priority` the metric of the routes; between two leases there is none."""

    key: Key
    interface: Interface
    identity: Identity
    priority: int = 0
    lease: Lease | None = None

    def as_object(self) -> dict[str, Any]:
        """For a file."""
        identity = self.identity
        return {
            "key": asdict(self.key),
            "interface": asdict(self.interface),
            "identity": {
                "mac": identity.mac.hex(":"),
                "client_id": identity.client_id.hex(),
                "requested": list(identity.requested),
                "provided": {str(code): value.hex() for code, value in identity.provided.items()},
                "broadcast": identity.broadcast,
            },
            "priority": self.priority,
            "lease": self.lease.as_object() if self.lease else None,
        }


def parse_record(found: Mapping[str, Any]) -> Record:
    """From a file. Raises KeyError, TypeError or ValueError for what is none."""
    identity = found["identity"]
    return Record(
        parse_fields(Key, found["key"]),
        parse_fields(Interface, found["interface"]),
        Identity(
            bytes.fromhex(identity["mac"].replace(":", "")),
            bytes.fromhex(identity["client_id"]),
            tuple(bytes(identity["requested"])),
            {int(code): bytes.fromhex(value) for code, value in identity["provided"].items()},
            bool(identity["broadcast"]),
        ),
        int(found["priority"]),
        parse_lease(found["lease"]) if found["lease"] else None,
    )


def parse_fields(kind: type[T], found: Mapping[str, Any]) -> T:
    """A record of texts and integers. Raises TypeError."""
    made = kind(**found)
    for each in fields(made):
        value = getattr(made, each.name)
        if type(value).__name__ != each.type:
            raise TypeError(f"{each.name} is {value!r}")
    return made
