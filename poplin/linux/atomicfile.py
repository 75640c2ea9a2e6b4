"""Files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import os


def write_atomic(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a temporary file beside `path`, sync it, rename it over. Raises OSError; the old content then stays."""
    temporary = f"{path}.{os.urandom(6).hex()}.tmp"
    try:
        write_new(temporary, content, mode, sync=True)
        os.replace(temporary, path)
    except BaseException:
        remove_file(temporary)
        raise


def write_new(path: str, content: bytes, mode: int = 0o600, *, sync: bool = False) -> None:
    """Create `path` with `content`. Raises FileExistsError; after any other failure there is no such file."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        os.write(fd, content)
        if sync:
            os.fsync(fd)
    except BaseException:
        remove_file(path)
        raise
    finally:
        os.close(fd)


def read_file(path: str) -> bytes | None:
    """The content, or None if there is no such file. Raises OSError for anything else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        chunks = []
        while chunk := os.read(fd, 1 << 16):
            chunks.append(chunk)
        return b"".join(chunks)
    finally:
        os.close(fd)


def remove_file(path: str) -> bool:
    """Remove `path`; whether it was there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True
