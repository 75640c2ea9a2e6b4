"""Who has which leases, without reading them: one small file for each owner.

The lease files are the truth, and others change them too, so the index must know when it is out of date. Making or
removing a file sets the modification time of its folder. After each change of ours, still under the lock, `seal` sets
that time to a value of our choice and records it. If the folder has another time when the next call comes, somebody
else was there, or one of us was killed half way, and the index is built again from the leases. What makes this safe:

- The chosen time lies a second in the past, so no later change can give the folder the same one by chance, however
  coarse the kernel's clock; and it is odd, so a file system that rounds it never matches, and every call rebuilds.
- Sealing comes last and not at all after a failure: there is no moment in which a wrong index is trusted. Missed is
  only who ignores the lock and changes files in the very millisecond in which we do.
- The seal carries the boot id. After a reboot the index is built again, and what belongs to earlier boots is freed.
- The index is not inside the lease folder, because the reference reads every file it finds there. Network names do
  not start with a dot, so `.poplin` beside the lease folders is free.

A lease is from an earlier boot if we recorded it in one and the file is still the same; or if we did not record it
and it is older than this boot by more than a minute (the clock may have been set since). Each file carries its boot
id, so a rebuild that is interrupted does not take leases of this boot for old ones.
"""

from __future__ import annotations

import posix
import time

from poplin.linux.atomicfile import read_file, remove_file, write_new
from poplin.linux.folder import ensure_folder
from poplin.plugins.host_local.leases import is_address, overwrite
from poplin.spec.record import Record

try:  # hashlib costs 3 ms; its SHA-2 moved to another module in Python 3.12
    from _sha256 import sha256  # type: ignore[import-not-found]
except ImportError:
    try:
        from _sha2 import sha256  # type: ignore[import-not-found]
    except ImportError:
        from hashlib import sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from poplin.linux.boot import Boot
    from poplin.plugins.host_local.leases import LeaseFolder, Owner

FOLDER = ".poplin"
SEAL = "seal"
FORMAT = 1  # of the files here; another number makes every index out of date
CLOCK_GRACE = 60 * 10**9


class Index:
    """The index of one lease folder. Whoever uses it holds the lock."""

    def __init__(self, path: str, leases: LeaseFolder, boot: Boot) -> None:
        self._path = path
        self._leases = leases
        self._boot = boot

    # Trust.

    def ensure_current(self) -> None:
        """Build the index again unless it is known to be right."""
        changed = posix.stat(self._leases.path).st_mtime_ns
        if read_file(f"{self._path}/{SEAL}") != self._format_seal(changed):
            ensure_folder(self._path, 0o700)
            self._rebuild()
            self.seal()

    def seal(self) -> None:
        """Say that the index is right for the lease folder as it is now."""
        moment = time.time_ns() - 10**9 | 1
        posix.utime(self._leases.path, ns=(moment, moment))
        overwrite(f"{self._path}/{SEAL}", self._format_seal(moment))

    def _format_seal(self, moment: int) -> bytes:
        return f"{FORMAT} {self._boot.id} {moment}\n".encode()

    # Owners.

    def find(self, owner: Owner) -> dict[str, int]:
        """The addresses of the owner and when their leases were written, empty if there are none."""
        entry = parse_entry(read_file(self._entry_path(owner)) or b"")
        return entry.leases if entry and entry.owner == owner else {}

    def add(self, owner: Owner, ips: list[str]) -> None:
        """Record leases that were just made."""
        made = {ip: self._leases.changed_at(ip) for ip in ips}
        self._write(Entry(self._boot.id, owner, {**self.find(owner), **made}))

    def remove(self, owner: Owner) -> None:
        """Forget an owner whose leases are gone."""
        remove_file(self._entry_path(owner))

    def entries(self) -> Iterator[Entry]:
        """All owners, in no order. Damaged files are left out."""
        for name in posix.listdir(self._path):
            entry = None if name == SEAL else parse_entry(read_file(f"{self._path}/{name}") or b"")
            if entry:
                yield entry

    def _write(self, entry: Entry) -> None:
        path = self._entry_path(entry.owner)
        remove_file(path)
        write_new(path, format_entry(entry))

    def _entry_path(self, owner: Owner) -> str:
        return f"{self._path}/{entry_name(owner)}"

    # The rebuild: read every lease, remove what nobody can own, write down the rest.

    def _rebuild(self) -> None:
        recorded = {entry.owner: entry for entry in self.entries()}
        found: dict[Owner, dict[str, int]] = {}
        for ip, changed in list(self._leases.scan()):
            owner = self._leases.find_owner(ip)
            if owner is None or is_from_earlier_boot(ip, changed, recorded.get(owner), self._boot):
                remove_file(f"{self._leases.path}/{ip}")  # half written (we hold the lock), or its container is gone
            else:
                found.setdefault(owner, {})[ip] = changed
        for owner, leases in found.items():
            entry = Entry(self._boot.id, owner, leases)
            if entry != recorded.get(owner):
                self._write(entry)
        for name in {*posix.listdir(self._path)} - {SEAL, *map(entry_name, found)}:
            remove_file(f"{self._path}/{name}")


def is_from_earlier_boot(ip: str, changed: int, recorded: Entry | None, boot: Boot) -> bool:
    """Whether a lease was made before the machine was started."""
    if recorded and recorded.leases.get(ip) == changed:
        return recorded.boot_id != boot.id
    return changed < boot.began - CLOCK_GRACE


# The file of an owner.


class Entry(Record):
    """What one file of the index says: an owner, its leases with their times, and the boot they were made in."""

    __slots__ = ("boot_id", "leases", "owner")

    def __init__(self, boot_id: str, owner: Owner, leases: dict[str, int]) -> None:
        self.boot_id = boot_id
        self.owner = owner
        self.leases = leases


def entry_name(owner: Owner) -> str:
    """The file name: a hash, because a container id may be longer than a file name."""
    digest: str = sha256("/".join(owner).encode()).hexdigest()
    return digest[:32]


def format_entry(entry: Entry) -> bytes:
    """Boot id, container id, interface, then a line for each address; no part can contain a line break."""
    lines = [entry.boot_id, *entry.owner, *(f"{ip} {changed}" for ip, changed in entry.leases.items())]
    return ("\n".join(lines) + "\n").encode()


def parse_entry(content: bytes) -> Entry | None:
    """The entry; None for a file that is not whole."""
    *lines, rest = content.decode(errors="replace").split("\n")
    pairs = [line.split(" ") for line in lines[3:]]
    if rest or not pairs or not all(len(pair) == 2 and is_address(pair[0]) and pair[1].isdecimal() for pair in pairs):
        return None
    return Entry(lines[0], (lines[1], lines[2]), {ip: int(changed) for ip, changed in pairs})
