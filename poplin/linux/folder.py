"""Folders, without the os module: that costs 1.3 ms to import."""

from __future__ import annotations

import posix
from errno import ENOENT

# linux/stat.h
S_IFMT = 0o170000
S_IFDIR = 0o040000
S_IFREG = 0o100000


def ensure_folder(path: str, mode: int) -> None:
    """Make the folder and those above it. As `mkdir -p PATH`; what is there may also be no folder."""
    missing = [path]
    while not make_folder(missing[-1], mode) and len(missing[-1]) > 1:
        missing.append(parent_of(missing[-1]))
    for each in reversed(missing):
        if not make_folder(each, mode):
            raise FileNotFoundError(ENOENT, "No such file or directory", each)


def make_folder(path: str, mode: int) -> bool:
    """Make the folder; False if the one above it is missing."""
    try:
        posix.mkdir(path, mode)
    except FileExistsError:
        pass
    except FileNotFoundError:
        return False
    return True


def is_folder(path: str) -> bool:
    """Whether there is a folder, or a link to one."""
    return find_kind(path) == S_IFDIR


def is_regular_file(path: str) -> bool:
    """Whether there is a file that can be read to its end, or a link to one."""
    return find_kind(path) == S_IFREG


def find_kind(path: str) -> int:
    """Which kind of file is there, behind links; 0 if there is none."""
    try:
        return posix.stat(path).st_mode & S_IFMT
    except (OSError, ValueError):  # ValueError: a path that no file can have
        return 0


def find_obstacle(path: str) -> str:
    """Why nothing could be written in the folder `path`, which need not exist; empty if it could."""
    while not is_folder(path):
        if is_there(path):
            return f"{path} is not a folder"
        path = parent_of(path)
    return "" if posix.access(path, posix.W_OK | posix.X_OK) else f"{path} cannot be written"


def is_there(path: str) -> bool:
    """Whether there is anything of this name, even a link to nowhere."""
    try:
        posix.lstat(path)
    except OSError:
        return False
    return True


def parent_of(path: str) -> str:
    """`/a` for `/a/b`, `/` for `/a`, `.` for `a`."""
    head, slash, _ = path.rstrip("/").rpartition("/")
    return head or slash or "."
