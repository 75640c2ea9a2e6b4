"""firewalld over the system bus: which zone a container's address is in.

What firewalld does not forward nobody else can; but what comes from an address in a zone such as `trusted` it does.
These bindings are of its runtime only: `firewall-cmd --reload` forgets them, and `poplin reload` brings them back.
"""

from __future__ import annotations

import posix

from poplin.linux.dbus import Bus, bus_address
from poplin.linux.dbus_message import BusError
from poplin.plugins.firewall.settings import FIREWALLD
from poplin.spec.errors import Conflict, InvalidConfig, IOFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from poplin.linux.netns import Namespace
    from poplin.spec.address import IP

NAME = "org.fedoraproject.FirewallD1"
PATH = "/org/fedoraproject/FirewallD1"
ZONES = f"{NAME}.zone"
PATIENCE = 20.0  # seconds; a change takes it 20 ms, but it may be loading its whole configuration
# The words its errors begin with.
ALREADY_SET, IN_ANOTHER_ZONE, UNKNOWN_SOURCE = "ZONE_ALREADY_SET", "ZONE_CONFLICT", "UNKNOWN_SOURCE"
CLASSES = {IN_ANOTHER_ZONE: Conflict, "INVALID_ZONE": InvalidConfig}  # others are IOFailure


class Firewalld:
    """`with Firewalld(environ, host) as firewalld:`; the bus is looked for when it is first needed."""

    def __init__(self, environ: Mapping[str, str], host: Namespace) -> None:
        self._address = bus_address(environ)
        self._host = host
        self._bus: Bus | None = None

    def __enter__(self) -> Firewalld:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if self._bus:
            self._bus.close()

    def is_wanted(self, backend: str) -> bool:
        """Whether it is the one to tell: if it is named, or if none is and it is running. Raises IOFailure."""
        if backend == FIREWALLD:
            if not self.is_running():
                raise IOFailure("firewalld is not running", f"nobody on the bus at {self._address} has its name")
            return True
        return not backend and self.is_here()

    def is_here(self) -> bool:
        """Whether it runs, and for this very network: who has a network of his own may see the one of its host.

        One whose process is nowhere is taken for ours; one that we may not look at is not. Raises IOFailure.
        """
        if not self.is_running() or self._bus is None:
            return False
        try:
            status = posix.stat(f"/proc/{self._bus.find_process(NAME)}/ns/net")
        except PermissionError:
            return False
        except (OSError, BusError):
            return True
        return (status.st_dev, status.st_ino) == self._host.identity

    def is_running(self) -> bool:
        """Whether it is on the bus. Raises IOFailure if there is a bus that does not answer."""
        try:
            self._bus = self._bus or Bus(self._address)
            return self._bus.has_owner(NAME)
        except BusError as error:
            raise IOFailure("cannot ask the system bus for firewalld", str(error)) from None
        except OSError:
            return False  # no bus

    def add(self, zone: str, ip: IP, *, is_known: bool) -> None:
        """Have the address in the zone; `is_known`: one we put into whichever it is in. Raises CNIError."""
        self._host.change([f"firewall-cmd --zone={zone} --add-source={source(ip)}"], self._add, zone, ip, is_known)

    def _add(self, zone: str, ip: IP, is_known: bool) -> None:
        try:
            self._call("addSource", zone, ip)
        except BusError as error:
            word = str(error).partition(":")[0]
            if word == IN_ANOTHER_ZONE and is_known:
                self._call("changeZoneOfSource", zone, ip)
            elif word != ALREADY_SET:
                refusal = CLASSES.get(word, IOFailure)
                raise refusal(f"firewalld does not take {source(ip)} into zone {zone!r}", str(error)) from None

    def remove(self, ip: IP, zone: str = "") -> None:
        """Have it in no zone, or not in this one. Raises IOFailure."""
        option = f"--zone={zone} " if zone else ""
        self._host.change([f"firewall-cmd {option}--remove-source={source(ip)}"], self._remove, zone, ip)

    def _remove(self, zone: str, ip: IP) -> None:
        try:
            self._call("removeSource", zone, ip)
        except BusError as error:
            if not str(error).startswith((UNKNOWN_SOURCE, *CLASSES)):
                raise IOFailure(f"firewalld does not let go of {source(ip)}", str(error)) from None

    def has(self, zone: str, ip: IP) -> bool:
        """Whether it is in the zone. Raises IOFailure, InvalidConfig."""
        try:
            return self._call("querySource", zone, ip) == (True,)
        except BusError as error:
            refusal = CLASSES.get(str(error).partition(":")[0], IOFailure)
            raise refusal(f"firewalld does not tell whether {source(ip)} is in zone {zone!r}", str(error)) from None

    def _call(self, method: str, zone: str, ip: IP) -> tuple[str | bool | int, ...]:
        self._bus = self._bus or Bus(self._address)
        return self._bus.call(NAME, PATH, ZONES, method, zone, source(ip), seconds=PATIENCE)


def source(ip: IP) -> str:
    """As firewalld has it."""
    return f"{ip}/{ip.bits}"
