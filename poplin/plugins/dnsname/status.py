"""STATUS: whether there is a dnsmasq, and room for its files."""

from __future__ import annotations

from poplin.linux.folder import find_obstacle
from poplin.plugins.dnsname.place import get_folder
from poplin.plugins.dnsname.server import require_program
from poplin.plugins.dnsname.settings import Settings
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, IOFailure, or what is wrong with the configuration."""
    Settings(call)
    require_program()
    obstacle = find_obstacle(get_folder(call))
    if obstacle:
        raise PluginNotAvailable("dnsname cannot write names down", obstacle)
