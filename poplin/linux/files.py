"""Small files in which something is remembered, each in a folder that is made for it; `fake.files` has the double.

`create` writes in one go, not under another name first: whoever reads one must know a file that was never finished.
What `put` writes is whole or absent, under the name or beside it.
"""

from __future__ import annotations

import posix
from errno import ENOENT, ENOTEMPTY

from poplin.linux.atomicfile import read_file, remove_file, write_new
from poplin.linux.folder import ensure_folder, is_regular_file, parent_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.lockfile import LockFile

FOLDER_MODE = 0o700
BESIDE = ".new"  # the same name each time, so that who removes a file knows what one that was killed has left of it


class Files:
    """Those of the machine."""

    def find(self, path: str) -> bytes | None:
        """The content, None if there is no such file, nor can be. Raises OSError for anything else."""
        try:
            return read_file(path)
        except NotADirectoryError:
            return None

    def create(self, path: str, content: bytes) -> None:
        """Make the file, readable for its owner alone, and the folders above it. Raises FileExistsError, OSError."""
        try:
            write_new(path, content)
        except FileNotFoundError:
            ensure_folder(parent_of(path), FOLDER_MODE)
            write_new(path, content)

    def put(self, path: str, content: bytes) -> None:
        """Have this in the file, whatever was in it, and on the disk when this returns; the folders as for `create`.
        Raises OSError, and then the old content stays."""
        remove_file(path + BESIDE)
        try:
            write_new(path + BESIDE, content, sync=True)
        except FileNotFoundError:
            ensure_folder(parent_of(path), FOLDER_MODE)
            write_new(path + BESIDE, content, sync=True)
        try:
            posix.replace(path + BESIDE, path)
        except OSError:
            remove_file(path + BESIDE)
            raise

    def remove(self, path: str) -> None:
        """Remove it if it is there."""
        try:
            remove_file(path)
        except NotADirectoryError:
            return

    def link(self, path: str, other: str) -> None:
        """Give a file a second name, unless there is something of that name, or the file system knows no such thing."""
        try:
            posix.link(path, other)
        except OSError:
            return

    def is_same(self, path: str, other: str) -> bool:
        """Whether both are names of one file."""
        try:
            return path_identity(path) == path_identity(other)
        except OSError:
            return False

    def count_names(self, path: str) -> int:
        """How many names the file has, 0 if there is none. Raises OSError for anything else."""
        try:
            return posix.stat(path).st_nlink
        except (FileNotFoundError, NotADirectoryError):
            return 0

    def take_away(self, path: str) -> None:
        """The same for one that was `put`, with what a `put` that was killed has left."""
        for each in (path, path + BESIDE):
            self.remove(each)

    def lock(self, path: str, seconds: float) -> LockFile:
        """`with files.lock(PATH, 5):` has what is in the folder to itself, which may be removed with the lock."""
        from poplin.linux.lockfile import PassingLock  # few need it

        return PassingLock(path, seconds)

    def remove_folder(self, path: str) -> None:
        """Remove one that is empty; one that is not is somebody's again. Raises OSError for anything else."""
        try:
            posix.rmdir(path)
        except OSError as error:
            if error.errno not in (ENOENT, ENOTEMPTY):
                raise

    def names(self, folder: str) -> list[str]:
        """What is in a folder, sorted; nothing if there is none."""
        try:
            return sorted(posix.listdir(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def is_regular(self, path: str) -> bool:
        """Whether `find` gives the content of what is there, which it does of no folder, and waits for at a pipe."""
        return is_regular_file(path)


def path_identity(path: str) -> tuple[int, int]:
    """What a file is, whatever it is called. Raises OSError."""
    status = posix.stat(path)
    return status.st_dev, status.st_ino
