"""Executables that are setuid root for the members of one group, who may not be root otherwise."""

from __future__ import annotations

import grp
import os
import stat

from poplin.linux.places import in_user_namespace


def get_group(name: str, bin_dir: str) -> int:
    """The group's number, if executables in the folder can be setuid for it. Raises OSError."""
    try:
        group = grp.getgrnam(name).gr_gid
    except KeyError:
        raise OSError(f"there is no group {name!r}; `groupadd --system {name}` makes it") from None
    if os.geteuid() != 0 or in_user_namespace():
        raise OSError("only root outside of user namespaces can make executables setuid root; run it as root")
    there = bin_dir
    while not os.path.exists(there):
        there = os.path.dirname(there)
    if os.statvfs(there).f_flag & os.ST_NOSUID:
        raise OSError(f"{there} is mounted nosuid, so that nothing in it can be setuid; choose another --bin-dir")
    return group


def find_group(path: str) -> int | None:
    """The group an executable is setuid for, if it is."""
    status = os.stat(path)
    return status.st_gid if status.st_mode & stat.S_ISUID else None
