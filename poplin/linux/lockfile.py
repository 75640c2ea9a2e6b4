"""A lock on a file, exclusive or shared, with a bound on the wait and the name of who holds it.

flock(2), because that is what the reference's host-local takes on the same file.
"""

from __future__ import annotations

import fcntl
import posix
import time

from poplin.linux.folder import ensure_folder, parent_of

MODE = 0o640
FOLDER_MODE = 0o700
FIRST_PAUSE = 0.001
LONGEST_PAUSE = 0.02
KIND = "FLOCK"  # of these locks in /proc/locks


class LockTimeout(Exception):
    """The lock was not free in time; the text names the holder."""


class LockFile:
    """`with LockFile(path, seconds):` holds the lock; the file is made if it is missing and never removed."""

    def __init__(self, path: str, seconds: float, mode: int = MODE, *, shared: bool = False) -> None:
        self._path = path
        self._seconds = seconds
        self._mode = mode
        self._how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
        self._fd = -1

    def __enter__(self) -> LockFile:
        self._fd = posix.open(self._path, posix.O_RDWR | posix.O_CREAT | posix.O_CLOEXEC, self._mode)
        try:
            self._acquire()
        except BaseException:
            posix.close(self._fd)
            raise
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        posix.close(self._fd)  # closing the last descriptor releases the lock

    def _acquire(self) -> None:
        deadline = time.monotonic() + self._seconds
        pause = FIRST_PAUSE
        while True:
            try:
                fcntl.flock(self._fd, self._how | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > deadline:
                    holder = find_holder(posix.fstat(self._fd))
                    raise LockTimeout(f"{self._path} is held by {holder} since {self._seconds:g} s or more") from None
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)


class PassingLock(LockFile):
    """The same for a file in a folder that whoever holds the lock may remove with it: the folder is made if it is
    missing, and who has waited in vain, for a file that has no name any more, begins again."""

    def __enter__(self) -> PassingLock:
        while True:
            ensure_folder(parent_of(self._path), FOLDER_MODE)
            try:
                super().__enter__()
            except FileNotFoundError:  # somebody removed the folder just now
                continue
            if self._is_there():
                return self
            self.__exit__(None, None, None)

    def _is_there(self) -> bool:
        try:
            named = posix.stat(self._path)
        except OSError:
            return False
        held = posix.fstat(self._fd)
        return (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino)


class LockDescriptor(LockFile):
    """`with LockDescriptor(fd, path, seconds):` holds the lock of a file that is open; `path` is for messages."""

    def __init__(self, fd: int, path: str, seconds: float) -> None:
        super().__init__(path, seconds)
        self._fd = fd

    def __enter__(self) -> LockDescriptor:
        self._acquire()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        fcntl.flock(self._fd, fcntl.LOCK_UN)


def find_holder(status: posix.stat_result) -> str:
    """Who holds the lock on this file, from /proc/locks: `1: FLOCK ADVISORY WRITE 4242 fd:01:131 0 EOF`."""
    inode = f":{status.st_ino}"
    with open("/proc/locks") as lines:
        locks = [line.split() for line in lines if "->" not in line]
    holders = [lock[4] for lock in locks if lock[1] == KIND and lock[5].endswith(inode)]
    return ", ".join(map(_describe, holders)) or "another process"


def _describe(pid: str) -> str:
    try:
        with open(f"/proc/{pid}/comm", errors="replace") as comm:  # cut at 15 bytes, perhaps inside a letter
            return f"process {pid} ({comm.read().strip()})"
    except OSError:
        return f"process {pid}"
