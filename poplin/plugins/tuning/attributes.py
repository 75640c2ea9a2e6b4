"""The attributes of an interface that can be tuned, by the names they have in a configuration and in a backup."""

from __future__ import annotations

from poplin.linux.wire.link import parse_mac, set_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from poplin.linux.netlink import Request
    from poplin.linux.wire.link import Link

    Values = dict[str, str | int]

READ: dict[str, Callable[[Link], str | int]] = {
    "mac": lambda link: link.mac,
    "promisc": lambda link: link.is_promiscuous,
    "mtu": lambda link: link.mtu,
    "allmulti": lambda link: link.takes_all_multicast,
    "txQLen": lambda link: link.txqlen,
}


def read_attributes(link: Link, names: Iterable[str]) -> Values:
    """What the interface has now."""
    return {name: READ[name](link) for name in READ if name in names}


def set_attributes(link: Link, values: Mapping[str, str | int]) -> Request:
    """All of these in one message, of which those before one that is refused are done."""
    mac, mtu, length = values.get("mac"), values.get("mtu"), values.get("txQLen")
    promisc, allmulti = values.get("promisc"), values.get("allmulti")
    return set_link(
        link.name,
        link.index,
        promisc=None if promisc is None else bool(promisc),
        allmulti=None if allmulti is None else bool(allmulti),
        mac=parse_mac(str(mac)) if mac else b"",
        mtu=int(mtu) if mtu else 0,
        txqlen=None if length is None else int(length),
    )
