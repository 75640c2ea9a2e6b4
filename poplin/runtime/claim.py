"""Who attaches a container claims it before: of two at once the second is refused, and takes nothing of the first back.

A claim is a lock on one byte of the cache's lock file, whose place is a checksum of what is claimed: that needs no file
for each, and the kernel ends it with whoever holds it. These locks and that of the whole file do not see each other.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from poplin.linux.lockfile import MODE
from poplin.runtime.attachment import Attachment
from poplin.runtime.cache import LOCK, Cache
from poplin.spec.errors import IOFailure, TryAgainLater

FLOCK = struct.Struct("@hhqqi0q")  # struct flock: type, whence, start, length, process
CHECKSUM_BYTES = 7  # so that it is an offset: those have 63 bits

Claim = tuple[str, Attachment]  # network, attachment


@contextmanager
def claimed(cache: Cache, claims: Sequence[Claim]) -> Iterator[None]:
    """Hold all of them. Raises TryAgainLater if somebody has one, IOFailure."""
    cache.ensure_folder()
    path = f"{cache.folder}/{LOCK}"
    try:
        # One description for all: what is claimed twice here is no conflict.
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
    except OSError as error:
        raise IOFailure(f"cannot lock {path}", error.strerror or str(error)) from None
    try:
        for network, attachment in claims:
            take(fd, path, network, attachment)
        yield
    finally:
        os.close(fd)


def take(fd: int, path: str, network: str, attachment: Attachment) -> None:
    """One of them."""
    try:
        fcntl.fcntl(fd, fcntl.F_OFD_SETLK, FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, find_byte(network, attachment), 1, 0))
    except (BlockingIOError, PermissionError):
        raise TryAgainLater(
            f"{attachment.container_id} is being attached to network {network!r} as {attachment.ifname}",
            "another call does that now",
        ) from None
    except OSError as error:
        raise IOFailure(f"cannot lock {path}", error.strerror or str(error)) from None


def find_byte(network: str, attachment: Attachment) -> int:
    """The place of its byte."""
    key = "/".join((network, *attachment.identity))
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=CHECKSUM_BYTES).digest(), "big")
