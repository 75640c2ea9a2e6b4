"""The lines of a network's hosts file, as dnsmasq and the reference read them:

    10.88.0.2	web	www	#net/c1/eth0

An address, the container's name, its aliases. What stands behind `#` dnsmasq does not read, and the reference, which
looks for the name, takes away with the line: there ours have the attachment's key. Those of the reference have none.
"""

from __future__ import annotations

from poplin.spec.address import parse_ip

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from poplin.spec.address import IP

MARK = "#"
BLANK = " \t\r\v\f"


class Line:
    """One line; `key` is empty if the reference wrote it, or somebody."""

    __slots__ = ("address", "key", "names", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        told, _, key = text.partition(MARK)
        self.key = key.strip()
        self.address, *self.names = told.split() or [""]

    @property
    def is_valid(self) -> bool:
        """Whether it has an address; what else somebody wrote stays as long as others are there."""
        try:
            parse_ip(self.address)
        except ValueError:
            return False
        return True

    @property
    def name(self) -> str:
        """The container's own, empty if it has none."""
        return self.names[0] if self.names else ""


def read_lines(content: bytes) -> list[Line]:
    """Those that say something."""
    texts = content.decode("utf-8", "surrogateescape").split("\n")
    return [Line(text) for text in texts if text.strip(BLANK)]


def format_lines(lines: Iterable[Line]) -> bytes:
    """The file."""
    return "".join(f"{line.text}\n" for line in lines).encode("utf-8", "surrogateescape")


def make_lines(key: str, addresses: Sequence[IP], names: Sequence[str]) -> list[Line]:
    """An attachment's; without names it still has a line, as the server is there for it as well."""
    return [Line("\t".join((str(each), *names, MARK + key))) for each in addresses]


def replace_lines(lines: list[Line], key: str, added: list[Line]) -> list[Line]:
    """With these for the attachment, and no others of it or its addresses: who had such an address is gone."""
    taken = {line.address for line in added}
    return [line for line in lines if line.key != key and line.address not in taken] + added


def own_lines(key: str, name: str, addresses: Sequence[IP] | None) -> Callable[[Line], bool]:
    """Whether a line is of this attachment. One of the reference's is told by the name and, if they are known, the
    addresses: two containers can have the same name."""
    told = None if addresses is None else {str(each) for each in addresses}

    def is_own(line: Line) -> bool:
        if line.key:
            return line.key == key
        if told is None:
            return line.name == name != ""
        return line.address in told and (line.name == name or not name)

    return is_own


def has_record(lines: list[Line], addresses: Sequence[IP], names: Sequence[str]) -> bool:
    """Whether each of these addresses has all of these names."""
    known = {line.address: {name.lower() for name in line.names} for line in lines}
    wanted = {name.lower() for name in names}
    return all(wanted <= known.get(str(each), set()) if wanted else str(each) in known for each in addresses)
