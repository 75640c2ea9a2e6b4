"""A network card for tests of host-device, and what is on record of such devices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from netlab import Container, Host

RECORDS = Path("/var/lib/cni/host-device")


class Card:
    """`ens1` on the host, up, with a cable to `wire`, which stays there."""

    name = "ens1"

    def __init__(self, host: Host) -> None:
        self.host = host
        host.sh(f"ip link add {self.name} type veth peer name wire")
        for end in (self.name, "wire"):
            host.sh(f"ip link set {end} up")
        self.mac = host.mac(self.name)

    @property
    def state(self) -> tuple[str, str, bool]:
        """On the host: MAC, alias, and whether it is up."""
        return state(self.host, self.name)

    @property
    def is_as_before(self) -> bool:
        """Whether it is on the host as if nothing had ever been."""
        return self.host.links() == [self.name, "wire"] and self.state == (self.mac, "", True)

    def hand_back(self, container: Container, inside: str = "eth0") -> None:
        """What the kernel does with hardware whose namespace dies: it comes to the host under the name it has."""
        container.sh(f"ip link set {inside} netns {self.host.id}")
        container.remove()


def state(place: Container, link: str) -> tuple[str, str, bool]:
    """MAC, alias, and whether it is up."""
    found = place.json(f"link show dev {link}")[0]
    return found["address"], found.get("ifalias", ""), "UP" in found["flags"]


def records() -> list[str]:
    """The files of records, as NETWORK/NAME."""
    return sorted(str(path.relative_to(RECORDS)) for path in RECORDS.rglob("*") if path.is_file())


def read_record(name: str) -> dict[str, Any]:
    """What is in one."""
    return json.loads((RECORDS / name).read_text())  # type: ignore[no-any-return]


def change_record(name: str, **fields: Any) -> None:
    """Have it say something else."""
    (RECORDS / name).write_text(json.dumps({**read_record(name), **fields}))
