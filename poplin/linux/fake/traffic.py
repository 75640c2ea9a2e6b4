"""Traffic control in the kernel in memory: what requests change and ask, and what is refused."""

from __future__ import annotations

from errno import EEXIST, EINVAL, ENODEV, ENOENT

from poplin.linux.fake.queues import HANDLE, INFO, PARENT, PLACES, Queues, read
from poplin.linux.netlink import NLM_F_EXCL, NLM_F_REPLACE, NetlinkError
from poplin.linux.wire import filter, htb, qdisc

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.fake.world import Tables
    from poplin.linux.netlink import Request

FIRST_FILTER = 0x80000800  # 800::800, the first number that the kernel gives


def get_queues(here: Tables, request: Request) -> Queues:
    """Those of the link that a request is about. Raises NetlinkError (ENODEV)."""
    index = read(request.body, 1)
    if here.find(index=index) is None:
        raise NetlinkError(ENODEV, request.text)
    return here.find_queues(index)


def new_qdisc(here: Tables, request: Request) -> None:
    """RTM_NEWQDISC. Raises NetlinkError (ENODEV, ENOENT, EEXIST, EINVAL): one kind does not replace another."""
    queues, made = get_queues(here, request), qdisc.unpack_qdisc(request.body)
    there = queues.qdiscs.get(made.parent)
    if there and request.flags & NLM_F_EXCL:
        raise NetlinkError(EEXIST, request.text)
    if made.parent not in (*PLACES, *queues.classes):
        raise NetlinkError(ENOENT, request.text)
    if there and request.flags & NLM_F_REPLACE and qdisc.unpack_qdisc(there).kind != made.kind:
        raise NetlinkError(EINVAL, request.text)
    queues.qdiscs[made.parent] = request.body


def delete_qdisc(here: Tables, request: Request) -> None:
    """RTM_DELQDISC. Raises NetlinkError (ENODEV, ENOENT)."""
    queues, parent = get_queues(here, request), read(request.body, PARENT)
    if parent not in queues.qdiscs:
        raise NetlinkError(ENOENT, request.text)
    queues.drop(parent)


def new_class(here: Tables, request: Request) -> None:
    """RTM_NEWTCLASS. Raises NetlinkError (ENODEV, ENOENT, EEXIST)."""
    queues, handle = get_queues(here, request), read(request.body, HANDLE)
    root = queues.qdiscs.get(qdisc.TC_H_ROOT)
    if root is None or qdisc.unpack_qdisc(root).handle != handle & ~0xFFFF:
        raise NetlinkError(ENOENT, request.text)
    if handle in queues.classes:
        raise NetlinkError(EEXIST, request.text)
    queues.classes[handle] = request.body


def new_filter(here: Tables, request: Request) -> None:
    """RTM_NEWTFILTER. Raises NetlinkError (ENODEV, EINVAL)."""
    queues, parent = get_queues(here, request), read(request.body, PARENT)
    if parent >> 16 not in [read(each, HANDLE) >> 16 for each in queues.qdiscs.values()]:
        raise NetlinkError(EINVAL, request.text)
    taken = [read(each, HANDLE) for each in queues.filters]
    index, info = read(request.body, 1), read(request.body, INFO)
    head = qdisc.message(index, max(taken, default=FIRST_FILTER - 1) + 1, parent, info)
    queues.filters.append(head + request.body[len(head) :])
    queues.filters.sort(key=lambda each: read(each, INFO) >> 16)  # by priority


def delete_filter(here: Tables, request: Request) -> None:
    """RTM_DELTFILTER: one, or all of a priority. Raises NetlinkError (ENODEV, ENOENT)."""
    queues, wanted = get_queues(here, request), (read(request.body, HANDLE), read(request.body, INFO))
    gone = [
        each for each in queues.filters if wanted in ((read(each, HANDLE), read(each, INFO)), (0, read(each, INFO)))
    ]
    if not gone:
        raise NetlinkError(ENOENT, request.text)
    queues.filters = [each for each in queues.filters if each not in gone]


def find_qdisc(here: Tables, request: Request) -> bytes | None:
    """The discipline that is there. Raises NetlinkError (ENODEV)."""
    return get_queues(here, request).qdiscs.get(read(request.body, PARENT))


def list_traffic(here: Tables, request: Request) -> list[bytes]:
    """All classes of a link, or the filters of a discipline. Raises NetlinkError (ENODEV)."""
    queues = get_queues(here, request)
    if request.kind == htb.RTM_GETTCLASS:
        return list(queues.classes.values())
    return [each for each in queues.filters if read(each, PARENT) >> 16 == read(request.body, PARENT) >> 16]


CHANGES = {
    qdisc.RTM_NEWQDISC: new_qdisc,
    qdisc.RTM_DELQDISC: delete_qdisc,
    htb.RTM_NEWTCLASS: new_class,
    filter.RTM_NEWTFILTER: new_filter,
    filter.RTM_DELTFILTER: delete_filter,
}
