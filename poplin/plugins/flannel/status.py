"""STATUS: whether there is a subnet to attach to; then it is the delegate's to say."""

from __future__ import annotations

from poplin.linux.folder import find_obstacle
from poplin.plugins.flannel.delegation import make_delegated
from poplin.plugins.flannel.generate import generate
from poplin.plugins.flannel.settings import Settings
from poplin.plugins.flannel.subnet import read_subnet
from poplin.plugins.kit.delegate import delegate
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, what is wrong with the configuration, or the delegate's error."""
    settings = Settings(call)
    obstacle = find_obstacle(settings.folder)
    if obstacle:
        raise PluginNotAvailable("flannel cannot keep what it tells the delegate", obstacle)
    source = generate(call, settings, read_subnet(settings.subnet_file))
    delegate(make_delegated(call, source), kernel, "STATUS", settings.type)
