"""Whose a published port is. Each has one owner, by the comment of its element; the owner loses it when it is gone.

free                                  ours
ours already                          renewed
another attachment of the container   stays theirs: the first wins
another container, alive              Conflict, which names it
another container, gone               ours, with a line on stderr
"""

from __future__ import annotations

from errno import EEXIST, ENOENT, ENOTEMPTY

from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.elements import Element, add_element, delete_element
from poplin.plugins.kit.attachment import CUT, DIGEST, container_of, digest, element_comment, find_host_link, is_owner
from poplin.plugins.kit.skel import note
from poplin.plugins.portmap.publish import list_sets
from poplin.spec.errors import Conflict

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.nft.ruleset import Ruleset
    from poplin.plugins.portmap.plan import Plan
    from poplin.spec.address import IP, Prefix
    from poplin.spec.call import Call

TRIES = 5  # each after somebody else's change


def claim(call: Call, kernel: Kernel, plan: Plan, targets: list[Prefix]) -> None:
    """Make the ports ours in one transaction, those apart that another attachment of this container has.

    Raises Conflict, then nothing was changed.
    """
    ruleset = kernel.host.nft
    wanted = [*plan.ports, *plan.others]
    gone: set[tuple[str, IP]] = set()
    requests = [add_element(each) for each in wanted]
    for tries_left in reversed(range(TRIES)):
        try:
            ruleset.apply(plan.skeleton, *requests)
            return
        except NetlinkError as error:
            if not tries_left or error.errno not in (EEXIST, ENOENT, ENOTEMPTY):
                raise
        wanted = [each for each in wanted if not is_covered(ruleset, each)]
        taken = [found for each in wanted if (found := ruleset.find(each))]
        if any(is_owner(call.key, found) for found in taken):
            taken += list_others(call.key, ruleset, taken)  # of an ADD before this one, which had other ports
        theirs = [found for found in taken if not may_take(call, kernel, found, targets, gone)]
        kept = [(found.set, found.key) for found in theirs]
        requests = [delete_element(found) for found in taken if found not in theirs]
        requests += [add_element(each) for each in wanted if (each.set, each.key) not in kept]


def list_others(key: str, ruleset: Ruleset, known: list[Element]) -> list[Element]:
    """What the attachment has beside these."""
    names = {(each.set.name, each.key) for each in known}
    found = [each for of in list_sets(ruleset) for each in ruleset.list(of, digest(key)) if is_owner(key, each)]
    return [each for each in found if (each.set.name, each.key) not in names]


def is_covered(ruleset: Ruleset, wanted: Element) -> bool:
    """Whether a range lies inside another one, which serves it and is somebody else's."""
    found = ruleset.find(wanted) if wanted.end else None
    return found is not None and (found.key, found.end) != (wanted.key, wanted.end)


def may_take(call: Call, kernel: Kernel, found: Element, targets: list[Prefix], gone: set[tuple[str, IP]]) -> bool:
    """Whether an element that is there may be replaced by ours; False if it is to stay. Raises Conflict.

    `gone` are the owners, each with an address, who did not answer before: to learn that took more than a second.
    """
    if is_owner(call.key, found) or not found.data:
        return True
    if is_same_container(call.key, found):
        return False
    owner = found.comment[DIGEST + 1 :] or "somebody who left no name"
    if (found.comment, found.data[0]) not in gone and is_alive(kernel, found, targets):
        raise Conflict(
            f"host port {describe_port(found)} is published by {owner}",
            f"for {found.data[0]}, which is alive; remove that container or publish another port",
        )
    gone.add((found.comment, found.data[0]))
    note(call, f"host port {describe_port(found)} was published by {owner}, whose address {found.data[0]} is gone")
    return True


def is_same_container(key: str, found: Element) -> bool:
    """Whether the owner is another attachment of the same container."""
    mine = Element(found.set, found.key, comment=element_comment(key))
    return bool(found.comment) and container_of(found) == container_of(mine)


def is_alive(kernel: Kernel, found: Element, targets: list[Prefix]) -> bool:
    """Whether the owner's address is on a live attachment: not if it is ours by now; if it has our link on the host;
    whoever else attached it, if the address answers."""
    address: IP = found.data[0]
    if any(target.ip == address for target in targets):
        return False
    key = found.comment[DIGEST + 1 :]
    if CUT not in key and find_host_link(kernel.host.rtnl, key):
        return True
    from poplin.linux.neighbour import is_on_link  # conflicts are rare

    return is_on_link(kernel.host, address)


def describe_port(element: Element) -> str:
    """`8080/tcp`, or `192.0.2.1:8080/tcp`."""
    *address, protocol, port = element.key
    return "".join(f"{each}:" for each in address) + f"{port}/{protocol}"
