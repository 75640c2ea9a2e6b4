"""The programs of iptables: which one owns a table, and having it print or edit one.

There are two kinds. The nft kind's tables are nftables' own, the legacy kind's live beside them. Whoever edits a chain
of iptables does so with the program of its kind, as others read what that wrote.
"""

from __future__ import annotations

import posix
import time

from poplin.linux.xtables import TABLES
from poplin.spec.errors import IOFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.netns import Namespace

NFT, LEGACY = KINDS = ("nft", "legacy")
PROGRAMS = {4: "iptables", 6: "ip6tables"}
FOLDERS = ("/usr/sbin", "/sbin")
LOCK_PATIENCE = 5  # seconds for iptables' own lock
PATIENCE = 20.0  # seconds for one run of it


def list_legacy_tools(host: Namespace, table: str) -> list[str]:
    """The tool for each IP version that has such a table; none where there is no tool: then nobody made our chains."""
    return [
        tool for version in TABLES if has_legacy_table(host, version, table) if (tool := find_tool(version, LEGACY))
    ]


def has_legacy_table(host: Namespace, version: int, table: str) -> bool:
    """Whether there is such a table for this IP version."""
    return table.encode() in (host.find_net_file(TABLES[version]) or b"").split()


def find_tool(version: int, kind: str) -> str:
    """The path of the program, empty if there is none: it has the kind in its name or is what has."""
    name = PROGRAMS[version]
    paths = [f"{folder}/{each}" for each in (f"{name}-{kind}", name) for folder in FOLDERS]
    return next((each for each in paths if posix.access(f"{each}-save", posix.X_OK) and is_of_kind(each, kind)), "")


def is_of_kind(path: str, kind: str) -> bool:
    """Whether a program is of this kind. Where there was only one, its name says nothing."""
    try:
        fd = posix.open(path, posix.O_PATH | posix.O_CLOEXEC)
    except OSError:
        return False
    try:
        return (NFT in posix.readlink(f"/proc/thread-self/fd/{fd}").rpartition("/")[2]) == (kind == NFT)
    finally:
        posix.close(fd)


def save_table(tool: str, table: str) -> list[str]:
    """The table as text. Raises IOFailure."""
    return run_tool(f"{tool}-save", "-t", table).splitlines()


def restore_table(tool: str, table: str, edits: Sequence[str]) -> None:
    """Do these edits of the table, all or none. Raises IOFailure."""
    script = "\n".join([f"*{table}", *edits, "COMMIT", ""])
    run_tool(f"{tool}-restore", "--noflush", f"--wait={LOCK_PATIENCE}", stdin=script)


def spell_edits(tool: str, table: str, edits: Sequence[str]) -> list[str]:
    """What does the same from a shell."""
    return [f"{tool} -w -t {table} {edit}" for edit in edits]


def run_tool(path: str, *arguments: str, stdin: str = "") -> str:
    """What the tool prints. Raises IOFailure if it fails or hangs."""
    from poplin.invoke.process import Process  # this path is taken once

    try:
        process = Process(path, {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, arguments)
    except OSError as error:
        raise IOFailure(f"cannot run {path}", str(error)) from None
    with process:
        if not process.converse(stdin.encode(), time.monotonic() + PATIENCE):
            raise IOFailure(f"{path} did not end within {PATIENCE:g} s", "it was killed; is another one stuck?")
        if process.stop() != 0:
            raise IOFailure(f"{path} failed", process.errors.decode(errors="replace").strip())
    return process.output.decode(errors="replace")
