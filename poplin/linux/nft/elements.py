"""Elements of sets and maps: what a container is in the firewall (NFT_MSG_*SETELEM, linux/netfilter/nf_tables.h).

    NFTA_SET_ELEM_LIST_TABLE, _SET                      names
    NFTA_SET_ELEM_LIST_ELEMENTS
      └ NFTA_LIST_ELEM, one for each element
          ├ NFTA_SET_ELEM_KEY, _KEY_END, _DATA  └ NFTA_DATA_VALUE
          └ NFTA_SET_ELEM_USERDATA              u8 type 0, u8 length, comment, NUL

Rules are text (`*.nft`), only elements are messages: adding one costs the same beside one other or 50,000, and
whatever other tables the host has.
"""

from __future__ import annotations

from poplin.linux.netlink import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    Request,
    attribute,
    list_attributes,
    nest,
    text_attribute,
    unpack_attributes,
)
from poplin.linux.nft.kinds import format_fields, pack_fields, unpack_fields
from poplin.linux.nft.presence import NFNL_SUBSYS_NFTABLES, header
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from poplin.linux.nft.kinds import Kind, Value

NFT_MSG_NEWSETELEM = NFNL_SUBSYS_NFTABLES | 12
NFT_MSG_GETSETELEM = NFNL_SUBSYS_NFTABLES | 13
NFT_MSG_DELSETELEM = NFNL_SUBSYS_NFTABLES | 14

NFTA_SET_ELEM_LIST_TABLE = 1
NFTA_SET_ELEM_LIST_SET = 2
NFTA_SET_ELEM_LIST_ELEMENTS = 3
NFTA_LIST_ELEM = 1
NFTA_SET_ELEM_KEY = 1
NFTA_SET_ELEM_DATA = 2
NFTA_SET_ELEM_USERDATA = 6
NFTA_SET_ELEM_KEY_END = 10
NFTA_DATA_VALUE = 1

LONGEST_COMMENT = 128  # NFTNL_UDATA_COMMENT_MAXLEN of libnftnl


class Set:
    """A set, or a map if it has `data`: its table, as `inet poplin`, its name, and what it is made of."""

    __slots__ = ("data", "family", "key", "name", "table")

    def __init__(self, table: str, name: str, key: tuple[Kind, ...], data: tuple[Kind, ...] = ()) -> None:
        self.family, self.table = table.split()
        self.name = name
        self.key = key
        self.data = data

    def __repr__(self) -> str:
        return f"<Set {self.family} {self.table} {self.name}>"


class Element(Record):
    """One element. Of a range `key` is the lowest and `end` the highest value, both included."""

    __slots__ = ("comment", "data", "end", "key", "set")

    def __init__(
        self,
        set: Set,
        key: tuple[Value, ...],
        data: tuple[Value, ...] = (),
        comment: str = "",
        end: tuple[Value, ...] = (),
    ) -> None:
        self.set = set
        self.key = key
        self.data = data
        self.comment = comment
        self.end = end

    def __str__(self) -> str:
        kinds, text = self.set.key, ""
        if self.end:
            pairs = zip(kinds, self.key, self.end, strict=True)
            text = " . ".join(f"{kind.format(low)}-{kind.format(high)}" for kind, low, high in pairs)
        else:
            text = format_fields(kinds, self.key)
        if self.comment:
            text += f' comment "{self.comment}"'
        return f"{text} : {format_fields(self.set.data, self.data)}" if self.data else text


# Requests.


def add_element(element: Element, *, exclusive: bool = True) -> Request:
    """As `nft add element FAMILY TABLE SET { ... }`, or with `exclusive` as `nft create element`.

    ENOENT if table or set is missing; EEXIST if the key is there, without `exclusive` only if it has other data.
    """
    flags = NLM_F_CREATE | (NLM_F_EXCL if exclusive else 0)
    body = about(element.set) + nest(NFTA_SET_ELEM_LIST_ELEMENTS, pack_element(element))
    return Request(NFT_MSG_NEWSETELEM, flags, body, f"nft {'create' if exclusive else 'add'} {describe(element)}")


def delete_element(element: Element) -> Request:
    """As `nft delete element FAMILY TABLE SET { ... }`; ENOENT if it is not there."""
    bare = Element(element.set, element.key, end=element.end)
    body = about(element.set) + nest(NFTA_SET_ELEM_LIST_ELEMENTS, pack_element(bare))
    return Request(NFT_MSG_DELSETELEM, 0, body, f"nft delete {describe(bare)}")


def get_element(element: Element) -> Request:
    """As `nft get element FAMILY TABLE SET { ... }`; ENOENT if it is not there."""
    bare = Element(element.set, element.key, end=element.end)
    body = about(element.set) + nest(NFTA_SET_ELEM_LIST_ELEMENTS, pack_element(bare))
    return Request(NFT_MSG_GETSETELEM, 0, body, f"nft get {describe(bare)}")


def list_elements(of: Set) -> Request:
    """As `nft list set FAMILY TABLE SET`; ENOENT if it is not there."""
    return Request(NFT_MSG_GETSETELEM, 0, about(of), f"nft list set {of.family} {of.table} {of.name}")


def describe(element: Element) -> str:
    """The words of nft(8) after add or delete."""
    of = element.set
    return f"element {of.family} {of.table} {of.name} {{ {element} }}"


def about(of: Set) -> bytes:
    """What every message about elements begins with."""
    names = text_attribute(NFTA_SET_ELEM_LIST_TABLE, of.table) + text_attribute(NFTA_SET_ELEM_LIST_SET, of.name)
    return header(of.family) + names


# One element to bytes and back.


def pack_element(element: Element) -> bytes:
    """The nest of one element."""
    parts = [nest(NFTA_SET_ELEM_KEY, attribute(NFTA_DATA_VALUE, pack_fields(element.set.key, element.key)))]
    if element.end:
        parts.append(nest(NFTA_SET_ELEM_KEY_END, attribute(NFTA_DATA_VALUE, pack_fields(element.set.key, element.end))))
    if element.data:
        parts.append(nest(NFTA_SET_ELEM_DATA, attribute(NFTA_DATA_VALUE, pack_fields(element.set.data, element.data))))
    if element.comment:
        parts.append(attribute(NFTA_SET_ELEM_USERDATA, pack_comment(element.comment)))
    return nest(NFTA_LIST_ELEM, *parts)


def pack_comment(text: str) -> bytes:
    """The one kind of user data that nft prints."""
    data = text.encode()
    return bytes([0, len(data) + 1]) + data + b"\0"


def unpack_elements(of: Set, body: bytes) -> Iterator[Element]:
    """The elements in the body of an NFT_MSG_NEWSETELEM."""
    listed = unpack_attributes(body[4:]).get(NFTA_SET_ELEM_LIST_ELEMENTS, b"")
    for _, payload in list_attributes(listed):
        parts = unpack_attributes(payload)
        yield Element(
            of,
            unpack_value(of.key, parts, NFTA_SET_ELEM_KEY),
            unpack_value(of.data, parts, NFTA_SET_ELEM_DATA),
            unpack_comment(parts.get(NFTA_SET_ELEM_USERDATA, b"")),
            unpack_value(of.key, parts, NFTA_SET_ELEM_KEY_END),
        )


def unpack_value(kinds: tuple[Kind, ...], parts: dict[int, bytes], number: int) -> tuple[Value, ...]:
    """The fields of a key or of data; none where the element has none."""
    if number not in parts:
        return ()
    return unpack_fields(kinds, unpack_attributes(parts[number])[NFTA_DATA_VALUE])


def unpack_comment(data: bytes) -> str:
    """The comment, empty if there is none."""
    if len(data) < 2 or data[0] != 0:
        return ""
    return data[2 : 2 + data[1]].rstrip(b"\0").decode(errors="replace")
