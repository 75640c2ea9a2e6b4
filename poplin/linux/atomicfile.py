"""Files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import posix


def write_atomic(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a temporary file beside `path`, sync it, rename it over. Raises OSError; the old content then stays."""
    temporary = f"{path}.{posix.urandom(6).hex()}.tmp"
    try:
        write_new(temporary, content, mode, sync=True)
        posix.replace(temporary, path)
    except BaseException:
        remove_file(temporary)
        raise


def write_new(path: str, content: bytes, mode: int = 0o600, *, sync: bool = False) -> None:
    """Create `path` with `content`. Raises FileExistsError; after any other failure there is no such file."""
    fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_CLOEXEC, mode)
    try:
        left = memoryview(content)
        while left:  # on a disk that fills up, only the write after a short one fails
            left = left[posix.write(fd, left) :]
        if sync:
            posix.fsync(fd)
    except BaseException:
        remove_file(path)
        raise
    finally:
        posix.close(fd)


def read_file(path: str) -> bytes | None:
    """The content, or None if there is no such file. Raises OSError for anything else."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        chunks = []
        while chunk := posix.read(fd, 1 << 16):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        posix.close(fd)


def remove_file(path: str) -> bool:
    """Remove `path`; whether it was there."""
    try:
        posix.unlink(path)
    except FileNotFoundError:
        return False
    return True
