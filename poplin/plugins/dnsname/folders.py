"""Which folders can have a network's files: below XDG_RUNTIME_DIR, if there is one, as the reference has it, also for
root; below /run; and below the folder of a login.

Whoever can write there has root's dnsmasq run what he likes. So a folder counts only if it is this user's alone, from
XDG_RUNTIME_DIR down: `sudo -E` has another user's, and somebody may name one as /tmp. The folder of root's login goes
with the login, and names would with it: root's files are not made there, only found.
"""

from __future__ import annotations

import posix

from poplin.linux.folder import S_IFDIR, S_IFMT, S_IFREG, is_there, parent_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.spec.call import Call

SYSTEM = "/run"
LOGINS = "/run/user"
RUNTIME_VARIABLE = "XDG_RUNTIME_DIR"
BELOW = "containers/cni/dnsname"
OTHERS_WRITE = 0o022


def list_folders(call: Call) -> list[str]:
    """Where the network's files can be made, the best first; none if all are somebody else's."""
    user = call.env.everything.get(RUNTIME_VARIABLE, "").rstrip("/")
    is_lasting = posix.geteuid() != 0 or user != find_login()
    roots = [user, SYSTEM] if user.startswith("/") and is_lasting else [SYSTEM]
    return list_safe(roots, call.config.name)


def list_all_folders(call: Call) -> list[str]:
    """Where they can be found, where ours are made first."""
    return list(dict.fromkeys([*list_folders(call), *list_safe([find_login()], call.config.name)]))


def find_login() -> str:
    """The folder of this user's login, whether there is one or not."""
    return f"{LOGINS}/{posix.geteuid()}"


def list_safe(roots: list[str], network: str) -> list[str]:
    """The network's folders there."""
    return [f"{root}/{BELOW}/{network}" for root in dict.fromkeys(roots) if is_safe(root, network)]


def is_safe(root: str, network: str) -> bool:
    """Whether nobody else can write there, or in what is above it. Of the system's own folder others may have a part,
    as of a /run that is like /tmp. A file of ours in the way is an obstacle, and no danger."""
    there = [f"{root}/{BELOW}/{network}"]
    while there[-1] != root:
        there.append(parent_of(there[-1]))
    if root == SYSTEM:
        there.pop()
    elif not is_there(root):
        there.append(find_existing(root))
    return all(is_ours_alone(each) or is_ours_alone(each, S_IFREG) for each in there if is_there(each))


def find_existing(path: str) -> str:
    """The nearest above it that there is."""
    while not is_there(path) and path != parent_of(path):
        path = parent_of(path)
    return path


def is_ours_alone(path: str, kind: int = S_IFDIR) -> bool:
    """Whether it is of this kind, this user's, and no one else may write it."""
    try:
        status = posix.lstat(path)
    except OSError:
        return False
    is_kind = status.st_mode & S_IFMT == kind
    return is_kind and status.st_uid == posix.geteuid() and not status.st_mode & OTHERS_WRITE
