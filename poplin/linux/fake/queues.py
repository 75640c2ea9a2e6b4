"""The traffic control of one link in memory, kept as the messages that tell of it; read from the real kernel too."""

from __future__ import annotations

from errno import ENOENT

from poplin.linux.netlink import NetlinkError, unpack_attributes, unpack_text
from poplin.linux.wire import filter, htb, qdisc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.rtnl import Rtnl

HANDLE, PARENT, INFO = 2, 3, 4  # where they are in the message
PLACES = (qdisc.TC_H_ROOT, qdisc.TC_H_INGRESS)


class Queues:
    """Those of one link: disciplines by where they are, classes by their numbers, filters in their order."""

    def __init__(self) -> None:
        self.qdiscs: dict[int, bytes] = {}
        self.classes: dict[int, bytes] = {}
        self.filters: list[bytes] = []

    def drop(self, parent: int) -> None:
        """A discipline goes with all that is in it."""
        body = self.qdiscs.pop(parent, b"")
        major = read(body, HANDLE) >> 16 if body else 0
        if parent == qdisc.TC_H_ROOT:
            self.classes.clear()
        left = [each for each in self.qdiscs if each in PLACES or each >> 16 != major]
        self.qdiscs = {each: self.qdiscs[each] for each in left}
        self.filters = [each for each in self.filters if read(each, PARENT) >> 16 != major]


def read(body: bytes, place: int) -> int:
    """One number of the fixed part."""
    return int(qdisc.MESSAGE.unpack_from(body)[place])


def read_queues(rtnl: Rtnl, index: int) -> Queues:
    """Those of a link of the real kernel. Raises NetlinkError."""
    found = Queues()
    for place in PLACES:
        read_place(rtnl, index, place, found)
    for body in rtnl.socket.dump(htb.list_classes("", index)) if qdisc.TC_H_ROOT in found.qdiscs else ():
        if unpack_text(unpack_attributes(body[qdisc.MESSAGE.size :])[qdisc.TCA_KIND]) == htb.KIND:
            found.classes[read(body, HANDLE)] = body
            read_place(rtnl, index, read(body, HANDLE), found)
    return found


def read_place(rtnl: Rtnl, index: int, place: int, found: Queues) -> None:
    """The discipline at one place, and its filters."""
    try:
        body = rtnl.socket.find(qdisc.get_qdisc("", index, place))
    except NetlinkError as error:
        if error.errno != ENOENT:
            raise
        return
    if body and read(body, HANDLE):
        found.qdiscs[place] = body
        bodies = rtnl.socket.dump(filter.list_filters("", index, read(body, HANDLE)))
        found.filters += [each for each in bodies if filter.unpack_filter(each)]
