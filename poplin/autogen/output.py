"""Writing the file: whole or not at all, and never over something that is no file."""

from __future__ import annotations

import errno
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE, S_ISREG

NEW_FILE = 0o600


def replace_file(path: str, data: bytes) -> None:
    """Make `data` the content of the file; it keeps its permissions, and a link to it stays a link. Raises OSError."""
    target = Path(os.path.realpath(path))
    try:
        write_beside(target, data, get_mode(target))
    except OSError as error:  # it may name the temporary file, which nobody has heard of
        raise OSError(error.errno, error.strerror, path) from None


def write_beside(target: Path, data: bytes, mode: int) -> None:
    """Write a temporary file in the same folder, and rename it."""
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def get_mode(target: Path) -> int:
    """The permissions the file will have. Raises OSError if there is something that is no file."""
    try:
        status = target.stat()
    except FileNotFoundError:
        return NEW_FILE
    if not S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "there is something that is no file", str(target))
    return S_IMODE(status.st_mode)
