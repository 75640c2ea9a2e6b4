"""nftables in memory: sets of elements as their messages hold them, and the skeletons that were loaded."""

from __future__ import annotations

from errno import EEXIST, ENOENT

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
    NFT_MSG_NEWSETELEM,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NFTA_SET_ELEM_LIST_SET,
    NFTA_SET_ELEM_LIST_TABLE,
    add_element,
)
from poplin.linux.nft.ruleset import NetfilterSocket, Ruleset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request
    from poplin.linux.nft.skeleton import Skeleton

    Elements = dict[bytes, bytes]  # the nest of each by the nest of its key


class FakeRuleset(Ruleset):
    """The nftables of one namespace; a table is there once a skeleton was loaded into it."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(FakeNetfilterSocket(tables))
        self._tables = tables

    def load(self, skeleton: Skeleton) -> None:
        """Log it, and set its mark."""
        if skeleton.needs:
            self.load(skeleton.needs)
        self._tables.note(f"nft -f {skeleton.file}.nft")
        self._tables.firewall.setdefault(skeleton.mark.set.table, {})
        change(self._tables, add_element(skeleton.mark, exclusive=False))


class FakeNetfilterSocket(NetfilterSocket):
    """Its socket."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def close(self) -> None:
        """Nothing is open."""

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
        for request in requests:
            self._tables.note(request.text)

    def ask(self, request: Request) -> bytes:
        """One element. Raises NetlinkError (ENOENT)."""
        elements = find_set(self._tables, request)
        for key, _ in split(request):
            if key not in elements:
                raise NetlinkError(ENOENT, request.text)
            return reply([elements[key]])
        raise NetlinkError(ENOENT, request.text)

    def find_answered(self, requests: Sequence[Request]) -> list[Request]:
        """None: asked this way is only for what others made."""
        return []

    def dump(self, request: Request) -> list[bytes]:
        """All of a set."""
        return [reply(list(find_set(self._tables, request).values()))]


def change(here: Tables, request: Request) -> None:
    """One message of a transaction. Raises NetlinkError (EEXIST, ENOENT)."""
    elements = find_set(here, request)
    for key, element in split(request):
        if request.kind == NFT_MSG_NEWSETELEM:
            if key in elements and request.flags & NLM_F_EXCL:
                raise NetlinkError(EEXIST, request.text)
            elements.setdefault(key, element)
        elif request.kind == NFT_MSG_DELSETELEM and elements.pop(key, None) is None:
            raise NetlinkError(ENOENT, request.text)


def find_set(here: Tables, request: Request) -> Elements:
    """The set a message is about. Raises NetlinkError (ENOENT) if its table was not loaded."""
    attributes = unpack_attributes(request.body[4:])
    table = unpack_text(attributes[NFTA_SET_ELEM_LIST_TABLE])
    if table not in here.firewall:
        raise NetlinkError(ENOENT, request.text)
    return here.firewall[table].setdefault(unpack_text(attributes[NFTA_SET_ELEM_LIST_SET]), {})


def split(request: Request) -> list[tuple[bytes, bytes]]:
    """(key, whole element) of each element in a message."""
    listed = unpack_attributes(request.body[4:]).get(NFTA_SET_ELEM_LIST_ELEMENTS, b"")
    elements = [payload for _, payload in list_attributes(listed)]
    return [(unpack_attributes(each)[NFTA_SET_ELEM_KEY], each) for each in elements]


def reply(elements: list[bytes]) -> bytes:
    """The body of an NFT_MSG_NEWSETELEM."""
    return bytes(4) + nest(NFTA_SET_ELEM_LIST_ELEMENTS, *(nest(NFTA_LIST_ELEM, each) for each in elements))
