"""GC: forget the backups of this network's attachments that are not valid any more."""

from __future__ import annotations

from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.tuning.backups import Backups
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Those of the reference do not say whose they are, and stay. Goes on at errors; the first is raised in the end."""
    valid = call.valid_attachments()
    try:
        backups = Backups(call, kernel)
    except CNIError:
        return  # ADD refuses such a place, so that nothing is there
    with Teardown() as teardown:
        for path in backups.list_files():
            teardown.run(backups.discard_stale, path, call.config.name, valid)
