"""STATUS: whether the kernel has VRFs. Asked by the one request for one that it can only refuse: without a table."""

from __future__ import annotations

from errno import EINVAL

from poplin.linux.netlink import NetlinkError
from poplin.linux.wire.vrf import add_vrf
from poplin.plugins.vrf.device import explain
from poplin.plugins.vrf.settings import Settings
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the settings."""
    settings = Settings(call)
    try:
        kernel.host.rtnl.apply(add_vrf(settings.name, 0))
    except NetlinkError as error:
        if error.errno != EINVAL:
            raise PluginNotAvailable("vrf cannot be used", str(explain(error))) from None
