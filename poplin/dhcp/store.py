"""The leases on disk, so that a daemon that ends, however it ends, is followed by one that goes on with them.

    /run/cni/dhcp.sock        where the daemon listens
    /run/cni/dhcp/            beside it
        lock                  held by the daemon, of which there is one
        HASH.json             an attachment: {"boot", "key", "interface", "identity", "priority", "lease"}

Their times count from the boot, and containers do not outlive it either: files of another boot are removed.
"""

from __future__ import annotations

import errno
import json
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import Any

from poplin.dhcp.record import Key, Record, parse_record
from poplin.linux.atomicfile import is_temporary, read_file, remove_file, write_atomic
from poplin.linux.boot import read_boot
from poplin.linux.folder import ensure_folder
from poplin.linux.lockfile import LockFile

ENDING = ".json"
LOCK = "lock"
FOR_US = 0o700  # the mode of folders
OTHERS_WRITE = 0o022
NO_WAIT = 0.0


class Store:
    """The files of one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._boot = read_boot().id

    def lock(self) -> LockFile:
        """For as long as the daemon runs; makes the folder and the socket's. Raises OSError, also for a folder that
        another user may write; and when it is entered LockTimeout."""
        ensure_folder(self.folder, FOR_US)
        status = os.lstat(self.folder)
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & OTHERS_WRITE:
            raise PermissionError(errno.EPERM, "it is another user's, or others may write it", self.folder)
        return LockFile(os.path.join(self.folder, LOCK), NO_WAIT, 0o600)

    def save(self, record: Record) -> None:
        """Write it down, in place of what is known of its attachment. Raises OSError."""
        content = json.dumps({"boot": self._boot, **record.as_object()}, indent=1)
        write_atomic(self._path(record.key), content.encode())

    def remove(self, key: Key) -> None:
        """Forget an attachment; repeatable. Raises OSError."""
        remove_file(self._path(key))

    def load(self) -> Iterator[Record]:
        """All attachments of this boot. What cannot be read is of no use to anybody, and goes. Raises OSError."""
        for name in sorted(os.listdir(self.folder)):
            path = os.path.join(self.folder, name)
            if name.endswith(ENDING):
                record = self._read(path)
                if record:
                    yield record
                else:
                    discard(path)
            elif is_temporary(name):
                discard(path)

    def _read(self, path: str) -> Record | None:
        try:
            found: Any = json.loads(read_file(path) or b"")
            return parse_record(found) if found["boot"] == self._boot else None
        except (KeyError, TypeError, ValueError, AttributeError, IsADirectoryError):
            return None

    def _path(self, key: Key) -> str:
        return os.path.join(self.folder, blake2b(str(key).encode(), digest_size=16).hexdigest() + ENDING)


def discard(path: str) -> None:
    """Remove what is no use; something that is no file stays and does no harm."""
    with suppress(OSError):
        remove_file(path)


def choose_folder(socket_path: str) -> str:
    """`/run/cni/dhcp` for /run/cni/dhcp.sock."""
    stem, ending = os.path.splitext(socket_path)
    return stem if ending == ".sock" else socket_path + ".leases"
