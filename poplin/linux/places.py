"""Where things are kept: in the system's folder, or in the user's own where a user namespace may not write that.

In a user namespace root is an ordinary user outside, as under `unshare -rmn` or rootless podman. One that has the
system's folder to itself, as a container with a root file system of its own, keeps to that. The user's folders are
those of the XDG Base Directory Specification.
"""

from __future__ import annotations

import posix

from poplin.linux.atomicfile import read_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

UID_MAP = "/proc/self/uid_map"
ALL_USERS = [b"0", b"0", b"4294967295"]  # from, to, how many: in the initial namespace everybody is himself

# What a folder is for: the variable that has it, and where it is below HOME if that is not set.
CONFIG = ("XDG_CONFIG_HOME", ".config")
DATA = ("XDG_DATA_HOME", ".local/share")
STATE = ("XDG_STATE_HOME", ".local/state")


def choose_place(system: str, kind: tuple[str, str], below: str, environ: Mapping[str, str]) -> str:
    """`system`, or `below` the user's folder of this kind. Neither needs to be there."""
    if is_writable(system) or not in_user_namespace():
        return system
    home = find_user_folder(kind, environ)
    return f"{home}/{below}" if home else system


def is_writable(folder: str) -> bool:
    """Whether we may make files there; for one that is missing, whether we may make it."""
    while folder and not posix.access(folder, posix.F_OK):
        folder = folder.rpartition("/")[0]
    return posix.access(folder or "/", posix.W_OK | posix.X_OK)


def in_user_namespace() -> bool:
    """Whether this is not the initial one; not, if the kernel knows no others."""
    content = read_file(UID_MAP)
    return content is not None and content.split() != ALL_USERS


def find_user_folder(kind: tuple[str, str], environ: Mapping[str, str]) -> str:
    """The user's folder of this kind, empty if the environment does not tell. A relative path does not count."""
    variable, usual = kind
    folder = environ.get(variable, "")
    if folder.startswith("/"):
        return folder
    home = environ.get("HOME", "")
    return f"{home}/{usual}" if home.startswith("/") else ""
