"""The way from a call to its leases: the store of its network, as of this boot, and the name it has there."""

from __future__ import annotations

from poplin.linux.boot import read_boot
from poplin.linux.folder import is_folder
from poplin.plugins.host_local.store import LOCK_SECONDS, Store, lease_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.plugins.host_local.leases import Owner
    from poplin.plugins.host_local.settings import Settings
    from poplin.spec.call import Call


def open_store(settings: Settings) -> Store:
    """The leases of the network, as of this boot."""
    return Store(settings.data_dir, settings.network, read_boot(), LOCK_SECONDS)


def has_folder(settings: Settings) -> bool:
    """Whether there can be leases at all."""
    return is_folder(lease_folder(settings.data_dir, settings.network))


def owner_of(call: Call) -> Owner:
    """The attachment as leases name it."""
    return call.container_id.strip(), call.ifname
