"""Files that are written and removed in memory, and logged; those of the machine can be read."""

from __future__ import annotations

from poplin.linux.fake.shell import quote
from poplin.linux.files import Files
from poplin.linux.folder import is_folder, parent_of
from poplin.linux.lockfile import LockFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class FreeLock(LockFile):
    """One that is always free, and holds nothing."""

    def __enter__(self) -> FreeLock:
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """There is nothing to let go."""


class FakeFiles(Files):
    """`log` is told each change, in order. `written` has the content of each file, None of one that was removed."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.written: dict[str, bytes | None] = {}
        self._log = log
        self._made: set[str] = set()
        self._linked: set[frozenset[str]] = set()

    def find(self, path: str) -> bytes | None:
        """As it was written, else as it is there. Raises OSError."""
        return self.written[path] if path in self.written else super().find(path)

    def create(self, path: str, content: bytes) -> None:
        """Keep and log it. Raises FileExistsError."""
        if self.find(path) is not None:
            raise FileExistsError(17, "File exists", path)
        self.put(path, content)

    def put(self, path: str, content: bytes) -> None:
        """Likewise, over what is there."""
        folder = parent_of(path)
        if folder not in self._made and not is_folder(folder):
            self._log(f"mkdir -p {folder}")
        self._made.add(folder)
        self._replace(path, content)
        self._log(f"write {path}")

    def remove(self, path: str) -> None:
        """Forget and log it, if it is there."""
        if self.find(path) is not None:
            self._replace(path, None)
            self._log(f"remove {path}")

    def link(self, path: str, other: str) -> None:
        """Likewise, if there is nothing of that name."""
        if self.find(other) is None:
            self._replace(other, self.find(path))
            self._linked.add(frozenset((path, other)))
            self._log(f"ln {quote(path)} {quote(other)}")

    def is_same(self, path: str, other: str) -> bool:
        """As they were linked, else as they are there."""
        if path in self.written or other in self.written:
            return {path, other} in self._linked
        return super().is_same(path, other)

    def count_names(self, path: str) -> int:
        """Likewise."""
        if path not in self.written:
            return super().count_names(path)
        return (self.written[path] is not None) + sum(path in pair for pair in self._linked)

    def lock(self, path: str, seconds: float) -> LockFile:
        """Nobody else is in here; what the lock would make is logged."""
        if self.find(path) is None:
            self.put(path, b"")
        return FreeLock(path, seconds)

    def remove_folder(self, path: str) -> None:
        """Log it, if there is one and nothing in it."""
        if not self.names(path) and (path in self._made or is_folder(path)):
            self._made.discard(path)
            self._log(f"rmdir {path}")

    def names(self, folder: str) -> list[str]:
        """Those there, without those removed, and with those written."""
        names = set(super().names(folder))
        for path, content in self.written.items():
            if parent_of(path) == folder:
                (names.discard if content is None else names.add)(path.rpartition("/")[2])
        return sorted(names)

    def is_regular(self, path: str) -> bool:
        """As it was written, else as it is there."""
        return self.written[path] is not None if path in self.written else super().is_regular(path)

    def _replace(self, path: str, content: bytes | None) -> None:
        self.written[path] = content
        self._linked = {pair for pair in self._linked if path not in pair}
