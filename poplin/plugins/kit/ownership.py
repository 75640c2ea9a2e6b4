"""Elements of our nft sets as an attachment's property: take, give up, collect.

Where the call says which elements it must be about they are asked for one by one. Only a DEL that cannot know, as
after a failed ADD, reads through the sets; and GC, whose work that is.
"""

from __future__ import annotations

from errno import EEXIST, ENOENT

from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.elements import Element, Set, add_element, delete_element
from poplin.plugins.kit.attachment import digest, is_owner, is_stale

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poplin.linux.nft.ruleset import Ruleset
    from poplin.linux.nft.skeleton import Skeleton
    from poplin.spec.call import Call

TRIES = 5  # of what others, who have the same idea at the same moment, can make fail


def take(ruleset: Ruleset, skeleton: Skeleton, elements: Sequence[Element]) -> list[Element]:
    """Have these, whoever had their keys before: of an address or a link, who had it earlier is gone. What they had."""
    requests = [add_element(each) for each in elements]
    taken: list[Element] = []
    for tries_left in reversed(range(TRIES)):
        try:
            ruleset.apply(skeleton, *requests)
            break
        except NetlinkError as error:
            if not tries_left or error.errno not in (EEXIST, ENOENT):
                raise
        taken = [found for each in elements if (found := ruleset.find(each))]
        requests = [*map(delete_element, taken), *map(add_element, elements)]
    return taken


def give_up(
    ruleset: Ruleset, key: str, expected: Sequence[Element], sets: Iterable[Set], *, search: bool
) -> list[Element]:
    """Remove what this attachment owns of `expected`, and with `search` of all of `sets` unless that was all of it;
    what was removed. Already gone is success."""
    owned = find_owned(ruleset, key, expected)
    if search and (not owned or len(owned) < len(expected)):
        owned = list_owned(ruleset, key, sets)
    ruleset.remove(owned)
    return owned


def find_owned(ruleset: Ruleset, key: str, expected: Iterable[Element]) -> list[Element]:
    """Those of `expected` that are there and this attachment's."""
    return [found for each in expected if (found := ruleset.find(each)) and is_owner(key, found)]


def list_owned(ruleset: Ruleset, key: str, sets: Iterable[Set]) -> list[Element]:
    """All that this attachment has in these sets."""
    return [found for each in sets for found in ruleset.list(each, digest(key)) if is_owner(key, found)]


def find_missing(ruleset: Ruleset, key: str, expected: Sequence[Element]) -> Element | None:
    """The first of `expected` that is not there, or not this attachment's, or has other data."""
    for each in expected:
        found = ruleset.find(each)
        if not (found and is_owner(key, found) and found.data == each.data):
            return each
    return None


def collect(ruleset: Ruleset, call: Call, sets: Iterable[Set]) -> list[Element]:
    """Remove what belongs to attachments of this network that are not valid any more; what was removed."""
    stale = list_stale(ruleset, call, sets)
    ruleset.remove(stale)
    return stale


def list_stale(ruleset: Ruleset, call: Call, sets: Iterable[Set]) -> list[Element]:
    """What belongs to them."""
    network = call.config.name
    valid = frozenset(digest(f"{network}/{cid}/{ifname}") for cid, ifname in call.valid_attachments())
    return [each for of in sets for each in ruleset.list(of) if is_stale(each, network, valid)]
