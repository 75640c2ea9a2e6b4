"""Files that are whole or absent, whatever happens while they are written."""

from __future__ import annotations

import posix

CHUNK = 1 << 16
TEMPORARY = ".tmp"
RANDOM = 6  # bytes


def write_atomic(path: str, content: bytes, mode: int = 0o600) -> None:
    """Write a temporary file beside `path`, sync it, rename it over. Raises OSError; the old content then stays."""
    temporary = f"{path}.{posix.urandom(RANDOM).hex()}{TEMPORARY}"
    try:
        write_new(temporary, content, mode, sync=True)
        posix.replace(temporary, path)
    except BaseException:
        remove_file(temporary)
        raise


def is_temporary(name: str) -> bool:
    """Whether a file of this name is what a `write_atomic` that was killed has left."""
    stem, _, random = name.removesuffix(TEMPORARY).rpartition(".")
    is_random = len(random) == 2 * RANDOM and not random.strip("0123456789abcdef")
    return bool(stem) and is_random and name.endswith(TEMPORARY)


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


def read_file(path: str, most: int = 1 << 62) -> bytes | None:
    """The content, at most `most` bytes of it, or None if there is no such file. Raises OSError for anything else."""
    try:
        fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        content = b""
        while len(content) < most and (chunk := posix.read(fd, min(most - len(content), CHUNK))):
            content += chunk
        return content
    except OSError as error:  # of a folder only the read fails, and does not say of what
        raise OSError(error.errno, error.strerror, path) from None
    finally:
        posix.close(fd)


def read_end(path: str, most: int) -> bytes:
    """The last bytes, at most `most` of them. Raises OSError."""
    fd = posix.open(path, posix.O_RDONLY | posix.O_CLOEXEC)
    try:
        return posix.pread(fd, most, max(0, posix.fstat(fd).st_size - most))
    finally:
        posix.close(fd)


def remove_file(path: str) -> bool:
    """Remove `path`; whether it was there."""
    try:
        posix.unlink(path)
    except FileNotFoundError:
        return False
    return True
