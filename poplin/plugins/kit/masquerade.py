"""Masquerade, `ipMasq`: what a container sends beyond its own network bears the host's address.

    set masq4 { 10.22.0.2 comment "... mynet/blue/eth0" }              one element a container address
    set keep4 { 10.22.0.0/16 . 10.22.0.0/16 comment "..." }            one a network, which stays until GC

Which backend the configuration names makes no difference: there is one.
"""

from __future__ import annotations

from errno import EEXIST, ENOENT, ENOTEMPTY

from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.elements import Element, Set, add_element, delete_element
from poplin.linux.nft.nat import KEPT, MASQUERADED, NAT
from poplin.plugins.kit import ownership
from poplin.plugins.kit.attachment import element_comment, find_host_link, find_told_addresses, network_label
from poplin.spec.errors import CheckFailed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from poplin.linux.kernel import Kernel
    from poplin.linux.nft.ruleset import Ruleset
    from poplin.spec.address import IP, Prefix
    from poplin.spec.call import Call

TRIES = 5  # each after somebody else's change


def masquerade(call: Call, kernel: Kernel, addresses: list[Prefix]) -> None:
    """Hide these addresses behind the host, except towards their own networks. Repeatable.

    The networks last: a GC that forgot one before sees that it is used, one that does so after puts it back.
    """
    if addresses:
        ownership.take(kernel.host.nft, NAT, hidden(call, addresses))
        keep_networks(kernel.host.nft, KEPT, addresses, call)


def remove_masquerade(call: Call, kernel: Kernel) -> None:
    """What `masquerade` did for this attachment, whether or not the configuration still asks for it."""
    addresses = find_told_addresses(call)
    search = addresses is None or call.fields.raw("ipMasq") not in (None, False)
    ownership.give_up(kernel.host.nft, call.key, hidden(call, addresses or []), MASQUERADED.values(), search=search)


def check_masquerade(call: Call, kernel: Kernel, addresses: list[Prefix]) -> None:
    """Raises CheckFailed if an address is not hidden. What another implementation attached it hides in its own way."""
    if find_host_link(kernel.host.rtnl, call.key) is None:
        return
    missing = ownership.find_missing(kernel.host.nft, call.key, hidden(call, addresses))
    if missing:
        raise CheckFailed(f"address {missing.key[0]} is not masqueraded", f"set {missing.set.name} of `inet poplin`")


def collect_masquerade(call: Call, kernel: Kernel) -> None:
    """What attachments left that are not valid any more, and the networks that no address needs."""
    ownership.collect(kernel.host.nft, call, MASQUERADED.values())
    forget_networks(kernel.host.nft, KEPT, list_hidden)


def list_hidden(ruleset: Ruleset, version: int) -> list[IP]:
    """Every address that is hidden, whoever's."""
    return [each.key[0] for each in ruleset.list(MASQUERADED[version])]


def hidden(call: Call, addresses: list[Prefix]) -> list[Element]:
    """The elements for these addresses."""
    comment = element_comment(call.key)
    return [Element(MASQUERADED[each.ip.version], (each.ip,), comment=comment) for each in addresses]


# Networks: what all containers of one share. Published ports have a set of them as well.


def keep_networks(ruleset: Ruleset, sets: Mapping[int, Set], addresses: list[Prefix], call: Call) -> None:
    """Have the networks of these addresses in the set of their family, each from itself to itself."""
    for network in dict.fromkeys(each.network for each in addresses if each.length < each.ip.bits):
        low, high = (network.first,) * 2, (network.last,) * 2
        keep(ruleset, Element(sets[network.ip.version], low, end=high, comment=network_label(call.config.name)))


def keep(ruleset: Ruleset, wanted: Element) -> None:
    """Have a network in its set unless it lies inside one that is there. The kernel refuses one that begins or ends
    where a smaller one does: that one is replaced."""
    for tries_left in reversed(range(TRIES)):
        first = ruleset.find(wanted)  # for a range the kernel tells which one its lowest value is in
        if first and wanted.end <= first.end:
            return
        last = ruleset.find(Element(wanted.set, wanted.end, end=wanted.end))
        smaller = [delete_element(each) for each in (first, last) if each]
        try:
            ruleset.apply(NAT, *smaller, add_element(wanted, exclusive=False))
            return
        except NetlinkError as error:
            if not tries_left or error.errno not in (EEXIST, ENOENT, ENOTEMPTY):
                raise


def forget_networks(ruleset: Ruleset, sets: Mapping[int, Set], list_users: Callable[[Ruleset, int], list[IP]]) -> None:
    """Take out the networks in which none of the users is; look again when they are out: another ADD may have come."""
    for version, kept in sets.items():
        used = list_users(ruleset, version)
        unused = [each for each in ruleset.list(kept) if not is_used(each, used)]
        ruleset.remove(unused)
        used = list_users(ruleset, version) if unused else []
        for each in unused:
            if is_used(each, used):
                keep(ruleset, each)


def is_used(network: Element, users: list[IP]) -> bool:
    """Whether one of these addresses is in it."""
    return any(network.key[0] <= ip <= network.end[0] for ip in users)
