"""Whether somebody else may write a file that root will run, or put another in its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable

ROOT = 0


class WritableByOthers(OSError):
    """The text says who may write what, and what to do about it; `mend` is that as the words of a command."""

    def __init__(self, text: str, *mend: str) -> None:
        super().__init__(text)
        self.mend = mend


def check_private(paths: Iterable[str]) -> None:
    """Every path and every folder above it belongs to root or to us and no one else may write it.

    What is not there yet is nobody's: who makes it must do so for himself only.
    """
    everything = {above for path in paths for above in list_above(os.path.realpath(path))}
    for each in sorted(everything):
        if os.path.lexists(each):
            check_one(each)


def list_above(path: str) -> list[str]:
    """The path and the folders that lead to it."""
    return [path] if path == "/" else [*list_above(os.path.dirname(path)), path]


def check_one(path: str) -> None:
    """Raises WritableByOthers. In a sticky folder, as /tmp is, nobody can replace what is ours."""
    status = os.lstat(path)
    if status.st_uid not in trusted_owners():
        raise WritableByOthers(
            f"{path} belongs to user {status.st_uid}, who could change what root will run; chown it to root first",
            "chown",
            "root",
            path,
        )
    is_sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not is_sticky:
        mode = stat.S_IMODE(status.st_mode)
        raise WritableByOthers(
            f"{path} has mode {mode:o}, others could change what root will run; chmod go-w it first",
            "chmod",
            "go-w",
            path,
        )


def trusted_owners() -> set[int]:
    """Root, we, and who called us through sudo and so could run anything as root already; and whom `/` belongs to,
    which in a user namespace is the root outside, under the name of nobody."""
    return {ROOT, os.geteuid(), int(os.environ.get("SUDO_UID") or ROOT), os.lstat("/").st_uid}
