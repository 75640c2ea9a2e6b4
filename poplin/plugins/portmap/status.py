"""STATUS: whether ADD could publish a port now: nftables answers, and its rules are loaded or can be."""

from __future__ import annotations

from poplin.linux.netlink import NetlinkError
from poplin.linux.nft.nat import NAT
from poplin.plugins.portmap.settings import Settings
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable."""
    Settings(call)
    try:
        is_loaded = kernel.host.nft.find(NAT.mark)
        if not is_loaded:
            from poplin.linux.nft.load import open_library

            open_library()
    except NetlinkError as error:
        raise PluginNotAvailable("nftables does not answer", str(error)) from None
    except OSError as error:
        raise PluginNotAvailable("the rules cannot be loaded", error.strerror or str(error)) from None
