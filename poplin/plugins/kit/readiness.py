"""STATUS of what keeps state in nftables: it answers, and the rules are loaded or can be."""

from __future__ import annotations

from poplin.linux.netlink import NetlinkError
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.linux.nft.skeleton import Skeleton


def require_rules(kernel: Kernel, skeleton: Skeleton) -> None:
    """Raises PluginNotAvailable."""
    try:
        if kernel.host.nft.find(skeleton.mark) is None:
            from poplin.linux.nft.load import open_library

            open_library()
    except NetlinkError as error:
        raise PluginNotAvailable("nftables does not answer", str(error)) from None
    except OSError as error:
        raise PluginNotAvailable("the rules cannot be loaded", error.strerror or str(error)) from None
