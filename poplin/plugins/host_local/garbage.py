"""GC: give back the leases of this network whose attachment is not valid any more."""

from __future__ import annotations

from poplin.plugins.host_local.access import has_folder, open_store
from poplin.plugins.host_local.settings import read_settings
from poplin.spec.errors import IOFailure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """A lease of the oldest form, which names only the container, stays with any attachment of that container."""
    settings = read_settings(call, needs_ranges=False)
    if not has_folder(settings):
        return
    valid = call.valid_attachments()
    valid |= {(container_id, "") for container_id, _ in valid}
    failures = []
    with open_store(settings) as store:
        for entry in store.entries():
            try:
                if entry.owner not in valid:
                    store.release(entry.owner)
            except OSError as error:
                failures.append(f"{error.filename}: {error.strerror}")
        if failures:
            raise IOFailure("some leases could not be removed", "; ".join(failures))
