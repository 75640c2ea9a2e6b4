"""taps: links whose other end is a program, such as a virtual machine, that opens /dev/net/tun and names them.

They are made by ioctl, for rtnetlink makes none, and persist without a program that holds them. Frames have no header
of the tun driver's before them, and one of virtio's, as virtual machines want it.
"""

from __future__ import annotations

import posix
from fcntl import ioctl

from poplin.linux.netlink import NetlinkError, Struct
from poplin.spec.record import Record

TUN = "/dev/net/tun"

# linux/if_tun.h
IFF_MULTI_QUEUE = 0x0100
IFF_NO_PI = 0x1000
IFF_TAP = 0x0002
IFF_TUN_EXCL = 0x8000
IFF_VNET_HDR = 0x4000
TUNSETGROUP = 0x400454CE
TUNSETIFF = 0x400454CA
TUNSETOWNER = 0x400454CC
TUNSETPERSIST = 0x400454CB

# linux/if_link.h
IFLA_TUN_TYPE = 3

KIND = "tun"  # of every link that this driver makes
IFREQ = Struct("=16sH22x")


class Tap(Record):
    """The tap to be. Who may open it: the user `owner` and the group `group`, None for root alone. `context` is the
    label of SELinux to make it with."""

    __slots__ = ("context", "group", "multi_queue", "name", "owner")

    def __init__(
        self,
        name: str,
        *,
        multi_queue: bool = False,
        owner: int | None = None,
        group: int | None = None,
        context: str = "",
    ) -> None:
        self.name = name
        self.multi_queue = multi_queue
        self.owner = owner
        self.group = group
        self.context = context

    @property
    def command(self) -> str:
        """What somebody would type for it."""
        words = f"ip tuntap add dev {self.name} mode tap vnet_hdr"
        words += " multi_queue" if self.multi_queue else ""
        words += f" user {self.owner}" if self.owner is not None else ""
        return words + (f" group {self.group}" if self.group is not None else "")


def create_tap(tap: Tap) -> None:
    """Make it in the namespace the thread is in. Raises NetlinkError, or another OSError with the path of what cannot
    be opened."""
    try:
        if tap.context:
            make_with_label(tap)
        else:
            make_persistent(tap)
    except OSError as error:
        if error.filename:
            raise
        raise NetlinkError(error.errno or 0, tap.command) from None


def make_with_label(tap: Tap) -> None:
    """The same in the context that is asked for, where there are contexts. Raises OSError."""
    from poplin.linux.selinux import is_enabled, run_as  # few are asked for one

    if is_enabled():
        run_as(tap.context, make_persistent, tap)
    else:
        make_persistent(tap)


def make_persistent(tap: Tap) -> None:
    """Only the last step lets it outlive the descriptor, so a failure leaves nothing. Raises OSError."""
    fd = open_driver()
    try:
        flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL | (IFF_MULTI_QUEUE if tap.multi_queue else 0)
        ioctl(fd, TUNSETIFF, IFREQ.pack(tap.name.encode(), flags))
        for request, identity in ((TUNSETOWNER, tap.owner), (TUNSETGROUP, tap.group)):
            if identity is not None:
                ioctl(fd, request, identity - (1 << 32) if identity >> 31 else identity)  # a signed number of C
        ioctl(fd, TUNSETPERSIST, 1)
    finally:
        posix.close(fd)


def open_driver() -> int:
    """A descriptor of the driver, which the kernel may load for that. Raises OSError."""
    return posix.open(TUN, posix.O_RDWR | posix.O_CLOEXEC)


def is_tap(data: dict[int, bytes]) -> bool:
    """Whether a link of the driver, whose attributes these are, is a tap and not a tun."""
    return data.get(IFLA_TUN_TYPE) == bytes([IFF_TAP])
