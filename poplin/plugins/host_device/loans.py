"""The records of devices that containers have, a file for each:

    /var/lib/cni/host-device/NETWORK/CONTAINERID:IFNAME

None of the three may contain what separates them here.
"""

from __future__ import annotations

from poplin.linux.places import STATE, choose_place
from poplin.plugins.host_device.loan import format_loan, parse_loan
from poplin.plugins.kit.attachment import shorten

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from poplin.linux.kernel import Kernel
    from poplin.plugins.host_device.loan import Loan
    from poplin.spec.call import Call

FOLDER = "/var/lib/cni/host-device"
USERS_FOLDER = "cni/host-device"  # of an ordinary user, in his folder for state
LONGEST_CONTAINER_ID = 200  # in the name of a file, which has 255 bytes


class Loans:
    """All of this host's."""

    def __init__(self, call: Call, kernel: Kernel) -> None:
        self._files = kernel.files
        self._folder = choose_place(FOLDER, STATE, USERS_FOLDER, call.env.everything)

    def find(self, key: str) -> Loan | None:
        """The attachment's, None if it has none that counts."""
        return self.read(self._path(key))

    def write(self, loan: Loan) -> None:
        """In place of one that does not count any more."""
        path = self._path(loan.key)
        self._files.remove(path)
        self._files.create(path, format_loan(loan))

    def remove(self, key: str) -> None:
        """Forget the attachment's, if there is one."""
        self.discard(self._path(key))

    def list_all(self) -> Iterator[Loan]:
        """Those of all networks."""
        for network in self._files.names(self._folder):
            for path in self._paths(network):
                loan = self.read(path)
                if loan:
                    yield loan

    def list_stale(self, network: str, valid: frozenset[tuple[str, str]]) -> list[str]:
        """The files of this network's attachments that are not in `valid`: (container id, ifname)."""
        kept = {self._path(f"{network}/{container_id}/{ifname}") for container_id, ifname in valid}
        return [path for path in self._paths(network) if path not in kept]

    def read(self, path: str) -> Loan | None:
        """The record in one of the files; None if it does not count, or there is none."""
        content = self._files.find(path)
        return parse_loan(content) if content else None

    def discard(self, path: str) -> None:
        """Remove one of the files, if it is there."""
        self._files.remove(path)

    def _paths(self, network: str) -> list[str]:
        folder = f"{self._folder}/{network}"
        return [f"{folder}/{name}" for name in self._files.names(folder)]

    def _path(self, key: str) -> str:
        network, container_id, ifname = key.split("/")
        return f"{self._folder}/{network}/{shorten(container_id, LONGEST_CONTAINER_ID)}:{ifname}"
