"""STATUS: leases can be written, and every range set has an address left."""

from __future__ import annotations

from poplin.linux.folder import find_obstacle
from poplin.plugins.host_local.access import has_folder, open_store
from poplin.plugins.host_local.settings import read_settings
from poplin.plugins.host_local.store import lease_folder
from poplin.spec.address import parse_ip
from poplin.spec.errors import PluginNotAvailable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.host_local.settings import Settings
    from poplin.spec.address import IP
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Raises PluginNotAvailable."""
    settings = read_settings(call, needs_ranges=False)
    obstacle = find_obstacle(lease_folder(settings.data_dir, settings.network))
    if obstacle:
        raise PluginNotAvailable("host-local cannot keep leases", obstacle)
    taken = find_taken(settings)
    for number, range_set in enumerate(settings.sets):
        if range_set.count_free(taken) <= 0:
            raise PluginNotAvailable(f"no IP addresses available in range set {number}: {range_set}", "all are in use")


def find_taken(settings: Settings) -> set[IP]:
    """The addresses in use once old leases have been cleared. Raises PluginNotAvailable."""
    if not has_folder(settings):
        return set()
    try:
        with open_store(settings) as store:
            return set(map(parse_ip, store.taken()))
    except OSError as error:
        raise PluginNotAvailable("host-local cannot keep leases", str(error)) from None
