"""The way to the kernel's driver of taps, and what to do where there is none."""

from __future__ import annotations

import posix

from poplin.linux.netlink import NetlinkError
from poplin.linux.tap import TUN, open_driver
from poplin.spec.errors import InvalidConfig, IOFailure, PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.tap import Tap

REMEDY = "load it with `modprobe tun`; in a container, have it given this device"


def make_tap(container: Namespace, tap: Tap) -> None:
    """Make it. Raises IOFailure without the driver, InvalidConfig for a label that the kernel refuses."""
    try:
        container.add_tap(tap)
    except NetlinkError:
        raise
    except OSError as error:
        if error.filename == TUN:
            raise IOFailure(f"cannot open {TUN}: {error.strerror}", REMEDY) from None
        raise InvalidConfig(f"`selinuxContext` {tap.context!r} is refused", f"{error.strerror}") from None


def require_driver() -> None:
    """STATUS. Raises PluginNotAvailable."""
    try:
        posix.close(open_driver())
    except OSError as error:
        raise PluginNotAvailable(f"cannot open {TUN}: {error.strerror}", REMEDY) from None
