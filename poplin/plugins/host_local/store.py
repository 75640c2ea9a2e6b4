"""The leases of one network for the time of one verb: lock, lease folder and index together.

Everything a verb reserves is given back, newest first, if it fails; what was there before stays.
"""

from __future__ import annotations

from poplin.linux.atomicfile import remove_file
from poplin.linux.lockfile import LockFile, LockTimeout
from poplin.linux.stderr import write_stderr
from poplin.plugins.host_local.index import FOLDER, Index
from poplin.plugins.host_local.leases import LeaseFolder
from poplin.spec.errors import TryAgainLater

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.boot import Boot
    from poplin.plugins.host_local.index import Entry
    from poplin.plugins.host_local.leases import Owner
    from poplin.spec.address import IP

LOCK = "lock"
LOCK_MODE = 0o750  # the reference's
LOCK_SECONDS = 30.0  # as for other locks: a burst of ADDs with a slow disk takes seconds


def lease_folder(data_dir: str, network: str) -> str:
    """Where the leases of a network are."""
    return f"{data_dir}/{network}"


class Store:
    """`with Store(...) as store:` waits for the lock and has an index that is right."""

    def __init__(self, data_dir: str, network: str, boot: Boot, lock_seconds: float) -> None:
        """The lease folder must be there."""
        folder = lease_folder(data_dir, network)
        self._leases = LeaseFolder(folder)
        self._index = Index(f"{data_dir}/{FOLDER}/{network}", self._leases, boot)
        self._lock = LockFile(f"{folder}/{LOCK}", lock_seconds, LOCK_MODE)
        self._reserved: list[str] = []
        self._owner: Owner = ("", "")
        self._has_released = False

    def __enter__(self) -> Store:
        try:
            self._lock.__enter__()
        except LockTimeout as error:
            raise TryAgainLater("the lease folder is busy, repeat the call", str(error)) from None
        try:
            self._index.ensure_current()
        except BaseException:
            self._lock.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            if error is None:
                self._commit()
            else:
                self._give_back(may_seal=True)
        finally:
            self._lock.__exit__(None, None, None)

    # Questions.

    def find_held(self, owner: Owner) -> list[str]:
        """The addresses of the owner, also those of an old lease that names no interface."""
        return [*self._index.find(owner), *self._index.find((owner[0], ""))]

    def owns(self, owner: Owner, ip: str) -> bool:
        """Whether the lease file itself says so."""
        return self._leases.find_owner(ip) in (owner, (owner[0], ""))

    def entries(self) -> list[Entry]:
        """Every owner with its leases."""
        return list(self._index.entries())

    def taken(self) -> set[str]:
        """The addresses that have a lease. This is the only question whose cost grows with their number."""
        return set(self._leases.names())

    def find_last(self, number: int) -> IP | None:
        """The address handed out last for a range set."""
        return self._leases.find_last(number)

    # Changes.

    def reserve(self, owner: Owner, number: int, ip: IP) -> bool:
        """Take an address of range set `number`, unless somebody has it; whether it was taken. One owner a call."""
        if not self._leases.create(str(ip), owner):
            return False
        self._owner = owner
        self._reserved.append(str(ip))
        self._leases.set_last(number, ip)
        return True

    def release(self, owner: Owner) -> None:
        """Remove the leases of the owner; of an old one that names no interface only if there are none."""
        for each in (owner, (owner[0], "")):
            leases = self._index.find(each)
            if leases:
                self._has_released = True
                for ip in leases:
                    remove_file(f"{self._leases.path}/{ip}")
                self._index.remove(each)
                return

    # The end.

    def _commit(self) -> None:
        try:
            if self._reserved:
                self._index.add(self._owner, self._reserved)
            if self._reserved or self._has_released:
                self._index.seal()
        except BaseException:
            self._give_back(may_seal=False)
            raise

    def _give_back(self, *, may_seal: bool) -> None:
        """Remove what was reserved; `may_seal` while the index does not have it.

        Does not raise, for the error on its way says more. The next call finds what could not be removed.
        """
        try:
            for ip in reversed(self._reserved):
                remove_file(f"{self._leases.path}/{ip}")
            if self._reserved and may_seal:
                self._index.seal()
        except OSError as failure:
            write_stderr(f"undo after a failed ADD: {failure}\n")
