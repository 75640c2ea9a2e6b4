"""The lease folder, in the reference's format: one file for each address, named by it.

    10.0.0.2              container id CR LF interface; files of old versions hold only the id
    last_reserved_ip.0    where round robin goes on in range set 0
    lock                  flock(2), held for a whole verb

An owner is (container id, interface), the interface empty for the old files.
"""

from __future__ import annotations

import posix

from poplin.linux.atomicfile import read_file, write_new
from poplin.linux.stderr import write_stderr
from poplin.spec.address import IP, parse_ip
from poplin.spec.names import is_identifier, is_link_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

Owner = tuple[str, str]
LINE_BREAK = "\r\n"


class LeaseFolder:
    """The files of one network. Whoever changes them holds the lock."""

    def __init__(self, path: str) -> None:
        self.path = path

    def create(self, ip: str, owner: Owner) -> bool:
        """Make the lease, unless there is one for this address; whether it was made."""
        try:
            write_new(f"{self.path}/{ip}", format_lease(owner))
        except FileExistsError:
            return False
        return True

    def find_owner(self, ip: str) -> Owner | None:
        """Who has the address; None if nobody has, or if the file was never finished."""
        return parse_lease(read_file(f"{self.path}/{ip}") or b"")

    def changed_at(self, ip: str) -> int:
        """When the lease was written, in nanoseconds. Raises FileNotFoundError."""
        return posix.stat(f"{self.path}/{ip}").st_mtime_ns

    def names(self) -> list[str]:
        """Every address that cannot be given out, in no order."""
        return list(filter(is_address, posix.listdir(self.path)))

    def scan(self) -> Iterator[tuple[str, int]]:
        """Name and time of every lease; the files are not opened."""
        with posix.scandir(self.path) as entries:
            for entry in entries:
                if is_address(entry.name) and entry.is_file(follow_symlinks=False):
                    yield entry.name, entry.stat().st_mtime_ns

    def find_last(self, number: int) -> IP | None:
        """The address handed out last for a range set."""
        text = (read_file(self._pointer(number)) or b"").decode(errors="replace").strip()
        if text and not is_address(text):
            write_stderr(f"{self._pointer(number)}: {text!r} is no address, starting with the first\n")
            return None
        return parse_ip(text) if text else None

    def set_last(self, number: int, ip: IP) -> None:
        """Remember the address for `find_last`."""
        overwrite(self._pointer(number), str(ip).encode())

    def _pointer(self, number: int) -> str:
        return f"{self.path}/last_reserved_ip.{number}"


def format_lease(owner: Owner) -> bytes:
    """The content of a lease file."""
    container_id, ifname = owner
    return LINE_BREAK.join(filter(None, (container_id.strip(), ifname))).encode()


def parse_lease(content: bytes) -> Owner | None:
    """The owner; None for what is no lease, for example the empty file of a plugin that was killed."""
    try:
        lines = [line.decode() for line in content.strip().splitlines()]
    except UnicodeDecodeError:
        return None
    container_id, ifname = (*lines, "", "")[:2]
    is_lease = len(lines) <= 2 and is_identifier(container_id) and (not ifname or is_link_name(ifname))
    return (container_id, ifname) if is_lease else None


def is_address(name: str) -> bool:
    """Whether a file of this name is a lease."""
    try:
        parse_ip(name)
    except ValueError:
        return False
    return True


def overwrite(path: str, content: bytes) -> None:
    """Replace a short file in place: cheaper than a rename, for files that may be lost without harm."""
    fd = posix.open(path, posix.O_WRONLY | posix.O_CREAT | posix.O_CLOEXEC, 0o600)
    try:
        posix.write(fd, content)
        posix.ftruncate(fd, len(content))
    finally:
        posix.close(fd)
