"""A container's interface, found again when it is needed: by its number, in the very namespace that ADD saw.

Nothing of the container is held open in between, because a namespace that somebody holds never dies. So a path may by
now lead to the namespace of another container, or nowhere; both mean that the interface is gone.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from poplin.linux.netns import Namespace, NotANamespace
from poplin.linux.wire.link import Link, parse_mac, set_link
from poplin.spec.errors import InvalidConfig, InvalidNamespace

SHARES_MAC = "ipvlan"  # the kind of link that has its master's MAC, so that only broadcasts are sure to find it

PATIENCE = 2.0  # seconds; the kernel takes up to one to notice that a link is up
POLL = 0.005
NOWHERE = (FileNotFoundError, NotADirectoryError, ProcessLookupError, NotANamespace)  # where the path leads


class Gone(OSError):
    """The interface is not there any more; the text says what is missing."""


@dataclass(frozen=True)
class Interface:
    """`device` and `inode` are the identity of the namespace at `path`, `cookie` tells it from those of the same inode
    before and after it."""

    path: str
    device: int
    inode: int
    cookie: int
    index: int

    @contextmanager
    def entered(self) -> Iterator[tuple[Namespace, Link]]:
        """Its namespace, open for as long as the block lasts, and the link as it is now. Raises Gone, or another
        OSError for what may be better later."""
        try:
            namespace = Namespace(self.path)
        except NOWHERE as error:
            raise Gone(f"the namespace {self.path} is gone: {error.strerror}") from None
        with namespace:
            if namespace.lasting_identity != (self.device, self.inode, self.cookie):
                raise Gone(f"{self.path} is another namespace by now")
            link = namespace.rtnl.find_link_by_index(self.index)
            if link is None:
                raise Gone(f"the interface with number {self.index} is gone from {self.path}")
            yield namespace, link

    def is_same(self, other: Interface) -> bool:
        """Whether it is this one, by whatever path."""
        return replace(self, path=other.path) == other


def find_interface(path: str, name: str) -> tuple[Interface, Link]:
    """The interface ADD is about, set up if it was down. Raises InvalidNamespace or InvalidConfig."""
    try:
        namespace = Namespace(path)
    except OSError as error:
        raise InvalidNamespace("cannot open the container's namespace", f"{path}: {error.strerror}") from None
    with namespace:
        link = namespace.rtnl.find_link(name)
        if link is None:
            raise InvalidConfig(
                f"there is no interface {name!r} in {path}", "use dhcp as the ipam of a plugin that makes one"
            )
        require_ethernet(link)
        if not link.is_up:
            namespace.rtnl.apply(set_link(link.name, link.index, up=True))
        return Interface(path, *namespace.lasting_identity, link.index), link


async def wait_until_operational(interface: Interface) -> None:
    """Until it carries packets, or has had its time: a question before that would be lost. Raises Gone."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with interface.entered() as (_, link):
            if link.is_operational or not link.operstate:  # some kinds of link do not say
                return
        await asyncio.sleep(POLL)


def require_ethernet(link: Link) -> None:
    """Raises InvalidConfig for a link that DHCP's frames cannot cross. That of `lo` is all zeros."""
    try:
        is_fit = any(parse_mac(link.mac))
    except ValueError:
        is_fit = False
    if not is_fit:
        raise InvalidConfig(f"interface {link.name!r} has no MAC to ask with", "dhcp works over Ethernet")
