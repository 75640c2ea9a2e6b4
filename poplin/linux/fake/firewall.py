"""nftables in memory: sets of elements as their messages hold them, and the skeletons that were loaded."""

from __future__ import annotations

from errno import EEXIST, ENOENT

from poplin.linux.fake.shell import quote
from poplin.linux.netlink import (
    NLM_F_EXCL,
    NetlinkError,
    list_attributes,
    nest,
    unpack_attributes,
    unpack_text,
)
from poplin.linux.nft.elements import (
    NFT_MSG_DELSETELEM,
    NFT_MSG_GETSETELEM,
    NFT_MSG_NEWSETELEM,
    NFTA_DATA_VALUE,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_KEY_END,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NFTA_SET_ELEM_LIST_SET,
    NFTA_SET_ELEM_LIST_TABLE,
    add_element,
    describe,
)
from poplin.linux.nft.presence import FAMILIES
from poplin.linux.nft.ruleset import NetfilterSocket, Ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poplin.linux.fake.world import Elements, Tables
    from poplin.linux.netlink import Request
    from poplin.linux.nft.elements import Set
    from poplin.linux.nft.skeleton import Skeleton

FAMILY_NAMES = {number: name for name, number in FAMILIES.items()}


class FakeRuleset(Ruleset):
    """The nftables of one namespace; a table is there once a skeleton was loaded into it."""

    def __init__(self, tables: Tables, socket: NetfilterSocket | None = None) -> None:
        super().__init__(socket or FakeNetfilterSocket(tables))
        self._tables = tables
        self._loaded: set[str] = set()

    def load(self, skeleton: Skeleton) -> None:
        """Log it, make its sets where they are missing, and set its mark; of what it needs nothing is said twice."""
        if skeleton.needs and skeleton.needs.path not in self._loaded:
            self.load(skeleton.needs)
        self._loaded.add(skeleton.path)
        found = {name: self._tables.find_set(skeleton.table, name) for name in list_names(skeleton, "set", "map")}
        own = [each for name, each in found.items() if name != skeleton.mark.set.name]  # that one all have
        for line in spell_load(skeleton, anew=any(each is not None for each in own)):
            self._tables.note(line)
        sets = self._tables.firewall.setdefault(skeleton.table, {})
        sets |= {name: each or {} for name, each in found.items()}
        change(self._tables, add_element(skeleton.mark, exclusive=False))

    def has_elements(self, of: Set) -> bool:
        """As its messages say."""
        return bool(self.list(of))

    def run(self, text: str) -> None:
        """Log the commands, each as one of its own. Of what they do only that maps go is done."""
        for line in text.splitlines():
            self._tables.note(f"nft {line}")
            words = line.split()
            if words[:2] == ["delete", "map"]:
                self._tables.firewall[" ".join(words[2:4])].pop(words[4], None)


def spell_load(skeleton: Skeleton, *, anew: bool) -> Iterator[str]:
    """The commands that load a skeleton. `anew` where there may be older rules of it, which the new ones replace."""
    edits = [f"s|{word}|{escape(meaning)}|g" for word, meaning in skeleton.words.items()]
    sed = " ".join(["sed", *(f"-e {quote(each)}" for each in edits), quote(skeleton.path)])
    load = f"{sed} | nft -f -" if edits else f"nft -f {quote(skeleton.path)}"
    yield load
    if anew:
        yield from (f"nft flush chain {skeleton.table} {name}" for name in list_names(skeleton, "chain"))
        yield load
    yield f"nft add {describe(skeleton.mark)}"


def escape(text: str) -> str:
    """As sed(1) wants what is to stand in place of something."""
    return "".join(f"\\{each}" if each in "\\&|" else each for each in text)


def list_names(skeleton: Skeleton, *kinds: str) -> list[str]:
    """The names of the sets, maps or chains in a skeleton, each once."""
    lines = [line.split() for line in skeleton.read().splitlines()]
    return list(dict.fromkeys(words[1] for words in lines if words[:1] and words[0] in kinds))


class FakeNetfilterSocket(NetfilterSocket):
    """Its socket."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def close(self) -> None:
        """Nothing is open."""

    def send(self, requests: Sequence[Request]) -> None:
        """What is not about sets, as connections to be forgotten, is only logged."""
        for request in requests:
            self._tables.note(request.text)

    def transact(self, requests: Sequence[Request]) -> None:
        """All or none."""
        before = {
            table: {name: dict(each) for name, each in sets.items()} for table, sets in self._tables.firewall.items()
        }
        try:
            for request in requests:
                change(self._tables, request)
        except NetlinkError:
            self._tables.firewall = before
            raise
        self.send(requests)

    def ask(self, request: Request) -> bytes:
        """One element; of a set of ranges the one in which the lowest value lies. Raises NetlinkError (ENOENT)."""
        elements = get_set(self._tables, request)
        for key, _ in split_elements(request.body):
            found = elements.get(key) or next((each for each in elements.values() if covers(each, key)), None)
            if found is None:
                raise NetlinkError(ENOENT, request.text)
            return reply([found])
        raise NetlinkError(ENOENT, request.text)

    def find_answered(self, requests: Sequence[Request]) -> list[Request]:
        """None: asked this way is only for what others made."""
        return []

    def dump(self, request: Request) -> list[bytes]:
        """All of a set; of what others made, and of connections, there is nothing."""
        if request.kind != NFT_MSG_GETSETELEM:
            return []
        return [reply(list(get_set(self._tables, request).values()))]


def change(here: Tables, request: Request) -> None:
    """One message of a transaction. Raises NetlinkError (EEXIST, ENOENT)."""
    if request.kind not in (NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM):
        return
    elements = get_set(here, request)
    for key, element in split_elements(request.body):
        if request.kind == NFT_MSG_NEWSETELEM:
            if key in elements and request.flags & NLM_F_EXCL:
                raise NetlinkError(EEXIST, request.text)
            elements.setdefault(key, element)
        elif elements.pop(key, None) is None:
            raise NetlinkError(ENOENT, request.text)


def get_set(here: Tables, request: Request) -> Elements:
    """The set a message is about. Raises NetlinkError (ENOENT)."""
    attributes = unpack_attributes(request.body[4:])
    table = f"{FAMILY_NAMES[request.body[0]]} {unpack_text(attributes[NFTA_SET_ELEM_LIST_TABLE])}"
    found = here.find_set(table, unpack_text(attributes[NFTA_SET_ELEM_LIST_SET]))
    if found is None:
        raise NetlinkError(ENOENT, request.text)
    return found


def split_elements(body: bytes) -> list[tuple[bytes, bytes]]:
    """(key, whole element) of each element in the body of a request or an answer."""
    listed = unpack_attributes(body[4:]).get(NFTA_SET_ELEM_LIST_ELEMENTS, b"")
    elements = [payload for _, payload in list_attributes(listed)]
    return [(unpack_attributes(each)[NFTA_SET_ELEM_KEY], each) for each in elements]


def covers(element: bytes, key: bytes) -> bool:
    """Whether an element is a range, source . destination as all ranges of ours are, and the key lies in it."""
    parts = unpack_attributes(element)
    if NFTA_SET_ELEM_KEY_END not in parts:
        return False
    low, value, high = (halves(each) for each in (parts[NFTA_SET_ELEM_KEY], key, parts[NFTA_SET_ELEM_KEY_END]))
    return all(first <= each <= last for first, each, last in zip(low, value, high, strict=True))


def halves(key: bytes) -> tuple[bytes, bytes]:
    """Source and destination."""
    value = unpack_attributes(key)[NFTA_DATA_VALUE]
    return value[: len(value) // 2], value[len(value) // 2 :]


def reply(elements: list[bytes]) -> bytes:
    """The body of an NFT_MSG_NEWSETELEM."""
    return bytes(4) + nest(NFTA_SET_ELEM_LIST_ELEMENTS, *(nest(NFTA_LIST_ELEM, each) for each in elements))
