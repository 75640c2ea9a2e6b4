"""`when.nft`: rules and maps for one list of conditions, made when the first port needs them, removed by GC."""

from __future__ import annotations

from binascii import crc32

from poplin.linux.nft.elements import add_element, describe
from poplin.linux.nft.nat import NAT, TABLE, PortMaps
from poplin.linux.nft.skeleton import Skeleton, marks_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.nft.elements import Element, Set
    from poplin.linux.nft.ruleset import Ruleset

FILE = "when"
VERSION = 1
CHAINS = ("prerouting", "output", "publish")  # who jumps goes before where it jumps to


class Conditions:
    """Conditions in nft's words by IP version: the skeleton that has them, and the maps it looks into."""

    __slots__ = ("maps", "skeleton")

    def __init__(self, texts: dict[int, str]) -> None:
        number = f"{crc32(repr(sorted(texts.items())).encode()):08x}"
        suffix = f"_{number}"
        self.maps = PortMaps(suffix)
        words = {"@SUFFIX@": suffix, "@V4@": texts[4], "@V6@": texts[6]}
        self.skeleton = Skeleton(TABLE, FILE, VERSION, name=f"{FILE}-{number}", words=words, needs=NAT)


def list_marks(ruleset: Ruleset) -> list[Element]:
    """The marks of every list of conditions that is loaded."""
    return [each for each in ruleset.list(marks_of(TABLE)) if each.key[0].startswith(f"{FILE}-")]


def suffix_of(mark: Element) -> str:
    """What the names of its chains and maps end with."""
    return f"_{mark.key[0].split('-')[1]}"


def collect_conditions(ruleset: Ruleset) -> None:
    """Remove the rules and maps in which there is no port. Raises OSError.

    The mark goes first, and every ADD sets it in the transaction that brings its ports: a port that comes before the
    second look is seen by that, and one that comes after it by the mark, which then cannot be created.
    """
    for mark in list_marks(ruleset):
        maps = PortMaps(suffix_of(mark)).all
        if has_ports(ruleset, maps):
            continue
        ruleset.remove([mark])
        if has_ports(ruleset, maps):
            ruleset.socket.transact([add_element(mark, exclusive=False)])
            continue
        try:
            ruleset.run(removal(mark, maps))
        except OSError:
            if ruleset.find(mark) is None:
                raise


def has_ports(ruleset: Ruleset, maps: list[Set]) -> bool:
    """Whether there is a port in one of these maps."""
    return any(ruleset.list(each) for each in maps)


def removal(mark: Element, maps: list[Set]) -> str:
    """The commands that remove rules and maps, all or, if the mark is there, none."""
    chains = [f"chain {TABLE} {name}{suffix_of(mark)}" for name in CHAINS]
    lines = [f"create {describe(mark)}", *(f"flush {each}" for each in chains), *(f"delete {each}" for each in chains)]
    lines += [f"delete map {TABLE} {each.name}" for each in maps]
    return "\n".join([*lines, f"delete {describe(mark)}"])
