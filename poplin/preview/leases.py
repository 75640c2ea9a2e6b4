"""host-local on a copy of its files: it does what it would do, and what is different afterwards are the steps.

The copy is private, complete and kept as long as the preview: who attaches twice gets two addresses. A folder that
somebody changes meanwhile is copied again. What changes in the index is no step: it is only what the leases say, and
whoever finds it missing makes it again.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

from poplin.linux.atomicfile import read_file, write_new
from poplin.linux.folder import find_obstacle
from poplin.linux.kernel import Kernel
from poplin.plugins.host_local.index import FOLDER as INDEX
from poplin.plugins.host_local.settings import read_settings
from poplin.plugins.kit.skel import Plugin, perform
from poplin.spec.call import Call, Config
from poplin.spec.errors import CNIError, IOFailure
from poplin.spec.netlist import inject

TRIES = 5
MEMORY = "/dev/shm"  # thousands of small files are made there in a tenth of the time
Signature = tuple[int, int, int]  # of a file: inode, size, time of its last change


class Leases:
    """The copies, and `perform` in place of the plugin's own; `note` is told the steps."""

    def __init__(self, note: Callable[[str, bytes], None]) -> None:
        self._note = note
        self._folder = TemporaryDirectory(prefix="poplin-preview-", dir=find_memory())
        self._copies: dict[tuple[str, str], str] = {}

    def __enter__(self) -> Leases:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def perform(self, plugin: Plugin, call: Call, kernel: Kernel) -> dict[str, object] | None:
        """The verb on the copy. Raises CNIError, in words about the real files."""
        settings = read_settings(call, needs_ranges=False)
        real = settings.data_dir
        if call.env.command == "ADD" and (obstacle := find_obstacle(f"{real}/{settings.network}")):
            raise IOFailure(f"host-local: {obstacle}")
        copy = self._find_copy(real, settings.network)
        leases = f"{copy}/{settings.network}"
        before = read_signatures(leases)
        try:
            reply = perform(plugin, redirect(call, copy), kernel)
        except CNIError as error:
            error.msg, error.details = (text.replace(copy, real) for text in (error.msg, error.details))
            raise
        self._tell(before, read_signatures(leases), leases, f"{real}/{settings.network}")
        return reply

    def _find_copy(self, real: str, network: str) -> str:
        key = (real, network)
        if key not in self._copies:
            self._copies[key] = f"{self._folder.name}/{len(self._copies)}"
            for name in (network, f"{INDEX}/{network}"):
                copy_folder(f"{real}/{name}", f"{self._copies[key]}/{name}")
        return self._copies[key]

    def _tell(self, before: dict[str, Signature], after: dict[str, Signature], copy: str, real: str) -> None:
        if after and not before and not os.path.isdir(real):
            self._note(f"mkdir -p {real}", b"")
        for name, signature in sorted(after.items()):
            if before.get(name) != signature:
                self._note(f"write {real}/{name}", Path(copy, name).read_bytes())
        for name in sorted(before):
            if name not in after:
                self._note(f"remove {real}/{name}", b"")


def find_memory() -> str | None:
    """Where temporary files are best; None if that is where all are."""
    return MEMORY if os.access(MEMORY, os.W_OK | os.X_OK) else None


def redirect(call: Call, data_dir: str) -> Call:
    """The same call for leases elsewhere."""
    ipam = inject(call.fields.mapping("ipam"), {"dataDir": data_dir})
    return Call(call.env, Config(inject(call.config.source, {"ipam": ipam})))


def read_signatures(folder: str) -> dict[str, Signature]:
    """The files in the folder, if there is one, with what tells a changed one."""
    if not os.path.isdir(folder):
        return {}
    with os.scandir(folder) as entries:
        found = {entry.name: entry.stat(follow_symlinks=False) for entry in entries}
    return {name: (status.st_ino, status.st_size, status.st_mtime_ns) for name, status in found.items()}


def copy_folder(real: str, copy: str) -> None:
    """The files of a folder with their times, if there is one. Raises IOFailure."""
    try:
        for _ in range(TRIES):
            shutil.rmtree(copy, ignore_errors=True)
            if not os.path.isdir(real):
                return
            changed = os.stat(real).st_mtime_ns
            os.makedirs(copy, mode=0o700)
            copy_files(real, copy)
            os.utime(copy, ns=(changed, changed))
            if os.stat(real).st_mtime_ns == changed:
                return
    except OSError as error:
        where = error.filename or real
        raise IOFailure(f"cannot read the leases in {where}", error.strerror or str(error)) from None


def copy_files(real: str, copy: str) -> None:
    """Those that are there; somebody may be removing some."""
    with os.scandir(real) as entries:
        for entry in entries:
            with suppress(FileNotFoundError):
                changed = entry.stat(follow_symlinks=False).st_mtime_ns
                content = read_file(entry.path) if entry.is_file(follow_symlinks=False) else None
                if content is not None:
                    write_new(f"{copy}/{entry.name}", content)
                    os.utime(f"{copy}/{entry.name}", ns=(changed, changed))
