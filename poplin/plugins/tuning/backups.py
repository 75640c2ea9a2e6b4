"""The backups of this host, a file for each attachment, in the reference's place and under its names:

/run/cni/tuning/CONTAINERID_IFNAME.json

Two attachments can have the same: `a` with `b_eth0`, and `a_b` with `eth0`. Ours say whose they are, so the second to
come gets another, CONTAINERID:IFNAME.json, which nobody else can have.
"""

from __future__ import annotations

from poplin.plugins.kit import keeping
from poplin.plugins.kit.attachment import shorten
from poplin.plugins.tuning.backup import format_backup, parse_backup

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.tuning.backup import Backup
    from poplin.spec.call import Call

FOLDER = "/run/cni/tuning"
LONGEST_CONTAINER_ID = 200  # in the name of a file, which has 255 bytes
SUFFIX = ".json"
SEPARATORS = ("_", ":")  # the second is in neither of the parts


def find_folder(call: Call) -> str:
    """Where the network keeps them. Raises DecodingFailure, InvalidConfig."""
    return keeping.find_folder(call, FOLDER)


class Backups:
    """Those in the network's folder, which other networks may use as well."""

    def __init__(self, call: Call, kernel: Kernel) -> None:
        """Raises DecodingFailure, InvalidConfig."""
        self._files = kernel.files
        self._folder = find_folder(call)
        self._key = call.key
        container_id = shorten(call.container_id, LONGEST_CONTAINER_ID)
        self._paths = [f"{self._folder}/{container_id}{each}{call.ifname}{SUFFIX}" for each in SEPARATORS]

    def find(self) -> Backup | None:
        """The attachment's, None if it has none that can be read. Raises OSError."""
        return self._read(self._find_path())

    def write(self, backup: Backup) -> None:
        """In place of the one before. Raises OSError."""
        self._files.put(self._find_path(), format_backup(backup))

    def remove(self) -> None:
        """Forget it, if there is one. Raises OSError."""
        self._files.take_away(self._find_path())

    def remember(self, earlier: Backup | None) -> None:
        """Have what was there before an ADD that failed."""
        if earlier is None:
            self.remove()
        else:
            self.write(earlier)

    def list_files(self) -> list[str]:
        """What is in the folder. Raises OSError."""
        return keeping.list_files(self._files, self._folder)

    def discard_stale(self, path: str, network: str, valid: frozenset[tuple[str, str]]) -> None:
        """Remove one of them if it is of an attachment of this network that is not in `valid`: (container id, ifname).
        Raises OSError."""
        backup = self._read(path)
        if backup and backup.key.startswith(f"{network}/") and (*backup.key.split("/")[1:],) not in valid:
            self._files.take_away(path)

    def _read(self, path: str) -> Backup | None:
        content = self._files.find(path)
        return parse_backup(content) if content else None

    def _find_path(self) -> str:
        usual, other = self._paths
        found = self._read(usual)
        if found is None:
            return usual if self._files.find(other) is None else other
        return other if found.is_others(self._key) else usual
