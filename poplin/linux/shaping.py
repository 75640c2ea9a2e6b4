"""The shape of a link's traffic: at most so fast, all of it or what comes from or goes to some subnets.

    all of it            root 1: tbf
    some subnets only    root 1: htb ─┬─ class 1:30, so fast          ◀─ filters by address, or the default
                                      └─ class 1:1, as fast as it can ◀─ the default, or filters by address

Handles and classes are those of the reference's releases that had them, so that each finds what the other made. A shape
is read back from the kernel as a record like the one that was asked for, so both can be compared.
"""

from __future__ import annotations

from poplin.linux.wire.bucket import Bucket
from poplin.linux.wire.filter import OF_PROTOCOL, Filter, add_filter, find_subnet, match_subnet
from poplin.linux.wire.htb import KIND as HTB
from poplin.linux.wire.htb import add_class, add_htb, default_class, list_classes, unpack_class
from poplin.linux.wire.qdisc import TC_H_ROOT, add_fifo, delete_qdisc, fifo_limit, format_handle
from poplin.linux.wire.tbf import KIND as TBF
from poplin.linux.wire.tbf import bucket_of, set_tbf
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netlink import Request
    from poplin.linux.rtnl import Rtnl
    from poplin.linux.wire.link import Link
    from poplin.linux.wire.qdisc import Qdisc
    from poplin.spec.address import Prefix

HANDLE = 0x10000
SHAPED, UNSHAPED = 0x10030, 0x10001
SHAPED_QUEUE, UNSHAPED_QUEUE = 0x300000, 0x20000
PRIORITIES = {4: 16, 6: 15}
# Of what is not shaped: faster than any link, with a bucket that is never empty, and as many packets as links have.
FASTEST = Bucket(10**11, 10**9, 156_250, 0)
LONGEST_QUEUE = 1000


class Shape(Record):
    """`bucket` for all traffic; or, with `subnets`, for that of them, or if `is_excluding` for that of all others.
    `side` says which address is meant. `oddity` is what of the layout is not as it should be."""

    __slots__ = ("bucket", "is_excluding", "oddity", "side", "subnets")

    def __init__(
        self,
        bucket: Bucket,
        subnets: tuple[Prefix, ...] = (),
        side: str = "",
        *,
        is_excluding: bool = False,
        oddity: str = "",
    ) -> None:
        self.bucket = bucket
        self.subnets = subnets
        self.side = side
        self.is_excluding = is_excluding
        self.oddity = oddity

    @property
    def is_plain(self) -> bool:
        """Whether it is one bucket for all."""
        return not self.subnets and not self.oddity

    def is_like(self, other: Shape) -> bool:
        """Whether both do the same."""
        return find_difference(self, other) == ""


def find_difference(want: Shape, have: Shape) -> str:
    """The first thing in which what is there differs, in words; empty if there is none."""
    kinds = [HTB if each.subnets else TBF for each in (want, have)]
    if have.oddity:
        return have.oddity
    if not have.bucket.is_like(want.bucket):
        return f"{have.bucket} instead of {want.bucket}"
    if kinds[0] != kinds[1]:
        return f"{kinds[1]} instead of {kinds[0]}"
    if (want.side, want.is_excluding) != (have.side, have.is_excluding):
        return f"{describe_filters(have)} instead of {describe_filters(want)}"
    for subnet in want.subnets:
        if subnet not in have.subnets:
            return f"the filter for {subnet} is missing"
    more = [subnet for subnet in have.subnets if subnet not in want.subnets]
    return f"there is a filter for {more[0]}" if more else ""


def describe_filters(shape: Shape) -> str:
    """`all but src`, `only dst`."""
    return f"{'all but' if shape.is_excluding else 'only'} {shape.side}"


# Changing.


def ensure_shape(rtnl: Rtnl, link: Link, want: Shape | None) -> None:
    """Make it so, whatever of ours is there; what waits for the same kind goes on waiting. Raises NetlinkError."""
    have = read_shape(rtnl, link)
    if want and have and want.is_like(have):
        return
    if have and (want is None or not have.is_plain or not want.is_plain):
        rtnl.apply(delete_qdisc(link.name, link.index))  # alone: after a refusal the kernel would do the rest to it
    if want:
        rtnl.apply(*plan_shape(link, want))


def plan_shape(link: Link, want: Shape) -> list[Request]:
    """Making it where there is none, or another plain one."""
    return [set_tbf(link.name, link.index, HANDLE, want.bucket)] if want.is_plain else plan_classes(link, want)


def plan_classes(link: Link, want: Shape) -> list[Request]:
    """The classes first, so that no packet is without one."""
    name, index = link.name, link.index
    return [
        add_htb(name, index, HANDLE, SHAPED if want.is_excluding else UNSHAPED),
        add_class(name, index, SHAPED, want.bucket),
        add_fifo(name, index, SHAPED, SHAPED_QUEUE, "bfifo", want.bucket.limit),
        add_class(name, index, UNSHAPED, FASTEST),
        add_fifo(name, index, UNSHAPED, UNSHAPED_QUEUE, "pfifo", LONGEST_QUEUE),
        *(plan_filter(link, want, subnet) for subnet in want.subnets),
    ]


def plan_filter(link: Link, want: Shape, subnet: Prefix) -> Request:
    """One subnet's."""
    version = subnet.ip.version
    target = UNSHAPED if want.is_excluding else SHAPED
    wanted = Filter(HANDLE, PRIORITIES[version], OF_PROTOCOL[version], target, match_subnet(want.side, subnet))
    words = f"{'ip' if version == 4 else 'ip6'} {want.side} {subnet.network}"
    return add_filter(link.name, link.index, wanted, words)


# Reading.


def find_root(rtnl: Rtnl, link: Link) -> Qdisc | None:
    """The discipline that somebody gave the link, None if it has but what the kernel gives to every link."""
    found = rtnl.find_qdisc(link.name, link.index, TC_H_ROOT)
    return found if found and found.handle else None


def is_shape(root: Qdisc) -> bool:
    """Whether it is one of the kinds and has the handle of those that are made here."""
    return root.kind in (TBF, HTB) and root.handle == HANDLE


def read_shape(rtnl: Rtnl, link: Link) -> Shape | None:
    """The link's, None if it has none that could be ours."""
    root = find_root(rtnl, link)
    if root is None or not is_shape(root):
        return None
    return Shape(bucket_of(root)) if root.kind == TBF else read_classes(rtnl, link, root)


def read_classes(rtnl: Rtnl, link: Link, root: Qdisc) -> Shape:
    """A shape of two classes; what is not as it should be is its oddity."""
    told = map(unpack_class, rtnl.socket.dump(list_classes(link.name, link.index)))
    buckets = dict(each for each in told if each)
    queue = rtnl.find_qdisc(link.name, link.index, SHAPED)
    bucket = buckets.get(SHAPED, Bucket(0, 0, 0, 0))
    bucket.limit = fifo_limit(queue) if queue and queue.kind == "bfifo" else 0
    filters = rtnl.list_filters(link.name, link.index, HANDLE)
    matched = [find_subnet(each) for each in filters]
    subnets = tuple(found[1] for found in matched if found)
    sides = {found[0] if found else "" for found in matched}
    is_excluding = default_class(root) == SHAPED
    oddity = find_oddity(set(buckets), default_class(root), {each.classid for each in filters}, sides)
    return Shape(bucket, subnets, "".join(sides), is_excluding=is_excluding, oddity=oddity)


def find_oddity(classes: set[int], default: int, targets: set[int], sides: set[str]) -> str:
    """What is wrong with a layout: its classes, the default one, those the filters lead to, what they look at."""
    for each in (SHAPED, UNSHAPED):
        if each not in classes:
            return f"class {format_handle(each)} is missing"
    if default not in (SHAPED, UNSHAPED):
        return f"the default is class {format_handle(default)}"
    if not targets:
        return "there are no filters"
    if targets != {UNSHAPED if default == SHAPED else SHAPED}:
        return f"a filter leads to class {format_handle(max(targets - {SHAPED, UNSHAPED} or {default}))}"
    return "" if len(sides) == 1 and "" not in sides else "a filter is not for a subnet alone"
