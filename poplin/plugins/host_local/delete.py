"""DEL: give back what the attachment has; nothing is made for that, not even the lease folder."""

from __future__ import annotations

from poplin.plugins.host_local.access import has_folder, open_store, owner_of
from poplin.plugins.host_local.settings import read_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Unknown is success."""
    settings = read_settings(call)
    if has_folder(settings):
        with open_store(settings) as store:
            store.release(owner_of(call))
