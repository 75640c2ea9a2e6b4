"""Writing the file: whole or not at all, and never over something that is no file.

On any system, which is why it does not use poplin.linux.atomicfile.
"""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG

NEW_FILE = 0o600  # what mkstemp gives


def replace_file(path: str, data: bytes) -> None:
    """Make `data` the content of the file; its permissions stay, and a link to it stays a link. Raises OSError."""
    target = Path(os.path.realpath(path))
    try:
        write_beside(target, data, find_status(target))
    except OSError as error:  # it may name the temporary file, which nobody has heard of
        raise OSError(error.errno, error.strerror, path) from None


def write_beside(target: Path, data: bytes, status: os.stat_result | None) -> None:
    """Write a temporary file in the same folder, and rename it."""
    handle, temporary = tempfile.mkstemp(prefix=".poplin-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if status:
            keep_access(temporary, status)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.chmod(temporary, NEW_FILE)  # Windows unlinks nothing that is read-only
            os.unlink(temporary)
        raise


def keep_access(path: str, status: os.stat_result) -> None:
    """Owner, as far as we may give files away, and permissions of the file that was there."""
    if hasattr(os, "chown"):
        with suppress(PermissionError):
            os.chown(path, status.st_uid, status.st_gid)
    os.chmod(path, S_IMODE(status.st_mode))


def find_status(target: Path) -> os.stat_result | None:
    """Of the file that is there. Raises OSError if there is something that is no file."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return None
    if not S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no regular file; give the path of one, or - for stdout", str(target))
    return status
