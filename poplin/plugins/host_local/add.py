"""ADD: one address from each range set; all or none."""

from __future__ import annotations

from poplin.linux.folder import ensure_folder
from poplin.plugins.host_local.access import open_store, owner_of
from poplin.plugins.host_local.allocate import allocate
from poplin.plugins.host_local.settings import list_requested, read_settings
from poplin.plugins.host_local.store import lease_folder
from poplin.spec.result import DNS, Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """The addresses, the configuration's routes, and the dns of `resolvConf`."""
    settings = read_settings(call)
    requested = list_requested(call)
    dns = read_dns(settings.resolv_conf)
    ensure_folder(lease_folder(settings.data_dir, settings.network), 0o755)
    with open_store(settings) as store:
        ips = allocate(store, owner_of(call), settings.sets, requested)
        return call.reply(Result(ips=ips, routes=settings.routes, dns=dns))


def read_dns(path: str) -> DNS:
    """What the file says, nothing without one."""
    if not path:
        return DNS()
    from poplin.plugins.host_local.resolvconf import read_resolv_conf  # few networks name a file

    return read_resolv_conf(path)
