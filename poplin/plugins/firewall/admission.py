"""Letting one attachment through, with a way back; and forgetting what it has no more."""

from __future__ import annotations

from poplin.linux.nft.elements import add_element
from poplin.linux.nft.forward import FORWARD, ISOLATION, ZONED
from poplin.linux.nft.skeleton import RulesRefused
from poplin.plugins.firewall.plan import OWNED
from poplin.plugins.kit import ownership
from poplin.plugins.kit.attachment import is_owner
from poplin.plugins.kit.passage import ensure_passage, release_passage
from poplin.plugins.kit.skel import note
from poplin.spec.errors import InvalidConfig

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poplin.linux.netns import Namespace
    from poplin.linux.nft.elements import Element
    from poplin.linux.nft.skeleton import Skeleton
    from poplin.plugins.firewall.firewalld import Firewalld
    from poplin.plugins.firewall.plan import Plan
    from poplin.plugins.kit.undo import Undo
    from poplin.spec.call import Call


def let_through(call: Call, host: Namespace, plan: Plan, firewalld: Firewalld, zone: str, undo: Undo) -> bool:
    """Do what the plan says; whether an ADD of this attachment came before. Raises OSError, CNIError.

    The attachment's own elements come first: whoever looks whether the rest is needed sees them.
    """
    tell = teller(call)
    undo.push(release_passage, host, tell)
    try:
        taken = take(call, host, plan.skeleton, plan.elements, undo)
    except RulesRefused as error:
        raise InvalidConfig(f"nft takes no chain called {plan.admin_chain!r}", error.strerror or str(error)) from None
    if plan.ports:
        taken += take(call, host, ISOLATION, plan.ports, undo)
    if plan.bridges:  # there is no way back: they stay apart until GC
        host.nft.apply(FORWARD, *(add_element(each, exclusive=False) for each in plan.bridges))
    ensure_passage(host, plan.versions, tell)
    known = [each.key for each in taken if is_zoned(each)]
    for each in filter(is_zoned, plan.elements):
        is_known = each.key in known
        if not is_known:
            undo.push(firewalld.remove, each.key[0], zone)
        firewalld.add(zone, each.key[0], is_known=is_known)
    return any(is_owner(call.key, each) for each in taken)


def take(call: Call, host: Namespace, skeleton: Skeleton, elements: Sequence[Element], undo: Undo) -> list[Element]:
    """Have these; what there was in their place."""
    taken = ownership.take(host.nft, skeleton, elements)
    undo.push(put_back, call.key, host, elements, taken)
    return taken


def put_back(key: str, host: Namespace, elements: Sequence[Element], taken: Sequence[Element]) -> None:
    """What there was before."""
    host.nft.remove(ownership.find_owned(host.nft, key, elements))
    host.nft.socket.transact([add_element(each, exclusive=False) for each in taken])


def teller(call: Call) -> Callable[[str], object]:
    """What takes a line for people."""
    return lambda text: note(call, text)


def drop_others(call: Call, host: Namespace, plan: Plan, firewalld: Firewalld) -> None:
    """What this attachment has of an ADD before, and would not have of this one. Raises OSError, CNIError."""
    wanted = {(each.set.name, each.key) for each in (*plan.elements, *plan.ports)}
    owned = ownership.list_owned(host.nft, call.key, OWNED)
    forget(host, [each for each in owned if (each.set.name, each.key) not in wanted], firewalld)


def forget(host: Namespace, elements: Sequence[Element], firewalld: Firewalld) -> None:
    """Take these out; what firewalld was told of afterwards, as nothing else says that. Raises OSError, CNIError."""
    zoned = [each for each in elements if is_zoned(each)]
    host.nft.remove([each for each in elements if each not in zoned])
    if zoned and firewalld.is_running():
        for each in zoned:
            firewalld.remove(each.key[0])
    host.nft.remove(zoned)


def is_zoned(element: Element) -> bool:
    """Whether it says that firewalld knows the address."""
    return element.set.name in [each.name for each in ZONED.values()]
