"""What all verbs do to the names of a network: have other lines in the hosts file, and a server as long as there are
any."""

from __future__ import annotations

from poplin.plugins.dnsname.records import format_lines, read_lines
from poplin.plugins.dnsname.server import Server

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from poplin.linux.kernel import Kernel
    from poplin.plugins.dnsname.place import Place
    from poplin.plugins.dnsname.records import Line


def find_lines(place: Place) -> list[Line]:
    """Those that there are. Raises OSError."""
    return read_lines(place.files.find(place.hosts) or b"")


def write_lines(place: Place, lines: list[Line]) -> bool:
    """Have these, in one go; whether they are others than before. Raises OSError."""
    content = format_lines(lines)
    if place.files.find(place.hosts) == content:
        return False
    place.files.put(place.hosts, content)
    return True


def forget(kernel: Kernel, place: Place, is_gone: Callable[[Line], bool]) -> None:
    """Remove lines, and after the last one that has an address everything. Raises CNIError, OSError."""
    with place:
        lines = find_lines(place)
        left = [line for line in lines if not is_gone(line)]
        server = Server(kernel, place)
        if not any(line.is_valid for line in left):
            server.stop()
            place.clear()
        elif write_lines(place, left) or is_down(server):
            server.refresh()


def is_down(server: Server) -> bool:
    """Whether it has ended without being told."""
    running = server.find()
    if running is None:
        return True
    with running:
        return False
