"""What is remembered of a device while a container has it: what it was, and where it went.

It is written before the device is moved, so a file that was never finished tells of a device that was never moved. The
kernel forgets namespaces at a reboot, and so do we: a record of another boot means nothing.
"""

from __future__ import annotations

from poplin.linux.boot import read_boot
from poplin.plugins.kit.container import find_absolute
from poplin.spec.errors import CNIError
from poplin.spec.fields import Fields
from poplin.spec.jsontext import dumps, loads_object
from poplin.spec.names import is_link_name
from poplin.spec.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link

# The kinds of link that a dying namespace hands back to the host: hardware, which has no kind, and those whose makers
# ask for it (`netns_refund` in the kernel). It deletes all others.
REFUNDED = ("", "can", "dsa")


class Loan(Record):
    """A device on the host, `name` its name there, and the namespace that has it, known by path and by `identity`.

    `mac` is the one it was born with if it was born with one, and `key` the attachment.
    """

    __slots__ = ("alias", "boot", "identity", "index", "key", "kind", "mac", "name", "netns", "was_up")

    def __init__(
        self,
        key: str,
        name: str,
        index: int,
        mac: str,
        kind: str,
        alias: str,
        was_up: bool,
        netns: str,
        identity: tuple[int, int, int],
        boot: str,
    ) -> None:
        self.key = key
        self.name = name
        self.index = index
        self.mac = mac
        self.kind = kind
        self.alias = alias
        self.was_up = was_up
        self.netns = netns
        self.identity = identity
        self.boot = boot

    @property
    def is_refunded(self) -> bool:
        """Whether the device outlives the namespace it is in."""
        return self.kind in REFUNDED

    @property
    def ifname(self) -> str:
        """Its name in the container."""
        return self.key.rpartition("/")[2]

    def is_home(self, link: Link) -> bool:
        """Whether a link on the host that bears its name is the device."""
        return link.kind == self.kind and (hardware_address(link) == self.mac or link.index == self.index)

    def is_returned(self, link: Link) -> bool:
        """Whether a link on the host is the device as the kernel hands it back: down, under the name it had inside,
        which may be its own, and with its own as alias. If it has its own and is up, somebody uses it as it is."""
        is_used = link.name == self.name and link.is_up
        return link.alias == self.name and self.is_home(link) and not is_used

    def is_disguised(self, link: Link) -> bool:
        """Whether a link on the host is the device as the kernel hands it back after somebody inside has taken away its
        alias, which holds only if the namespace is gone. What is up or had no address by birth might be another's."""
        is_it = link.kind == self.kind and bool(link.permanent_mac) and link.permanent_mac == self.mac
        return is_it and link.name != self.name and not link.is_up

    def is_inside(self, link: Link) -> bool:
        """Whether a link in the namespace that has the device is it. Numbers are given anew there."""
        return link.kind == self.kind and (hardware_address(link) == self.mac or link.alias == self.name)


def make_loan(key: str, link: Link, container: Namespace) -> Loan:
    """Of a link that is on the host now. Older releases of the reference leave it its own name as alias."""
    return Loan(
        key,
        link.name,
        link.index,
        hardware_address(link),
        link.kind,
        link.alias if link.alias != link.name else "",
        link.is_up,
        find_absolute(container.path),
        container.lasting_identity,
        read_boot().id,
    )


def hardware_address(link: Link) -> str:
    """The address the device was born with, else the one it has."""
    return link.permanent_mac or link.mac


def format_loan(loan: Loan) -> bytes:
    """The content of its file."""
    device, inode, cookie = loan.identity
    fields = {
        "key": loan.key,
        "name": loan.name,
        "index": loan.index,
        "mac": loan.mac,
        "kind": loan.kind,
        "alias": loan.alias,
        "up": loan.was_up,
        "netns": loan.netns,
        "device": device,
        "inode": inode,
        "cookie": cookie,
        "boot": loan.boot,
    }
    return f"{dumps(fields, 2)}\n".encode()


def parse_loan(content: bytes) -> Loan | None:
    """The record of a file; None for one that was never finished, and for one of another boot."""
    try:
        fields = Fields(loads_object(content))
        loan = Loan(
            fields.text("key"),
            fields.text("name"),
            fields.number("index"),
            fields.text("mac"),
            fields.text("kind"),
            fields.text("alias"),
            fields.flag("up"),
            fields.text("netns"),
            (fields.number("device"), fields.number("inode"), fields.number("cookie")),
            fields.text("boot"),
        )
    except CNIError:
        return None
    is_whole = is_link_name(loan.name) and loan.netns and loan.key.count("/") == 2
    return loan if is_whole and loan.boot == read_boot().id else None
