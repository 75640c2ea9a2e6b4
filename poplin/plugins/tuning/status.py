"""STATUS: whether ADD could tune now: everything that is asked for is allowed, and backups can be written."""

from __future__ import annotations

from poplin.linux.folder import find_obstacle
from poplin.plugins.tuning.allowlist import check_allowed
from poplin.plugins.tuning.settings import Settings
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable, or what is wrong with the configuration."""
    settings = Settings(call)
    check_allowed(settings.keys)
    obstacle = find_obstacle(settings.folder)
    if obstacle:
        raise PluginNotAvailable("tuning cannot keep backups", obstacle)
