"""DEL: put back what the backup has, the reference's too; needs no namespace, no prevResult and no settings."""

from __future__ import annotations

from poplin.plugins.kit.container import find_container
from poplin.plugins.kit.skel import note
from poplin.plugins.tuning.backups import Backups
from poplin.plugins.tuning.restore import put_back
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.tuning.backup import Backup
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. What cannot be put back is no error, as in the reference: the container is about to go. But then the
    backup stays, for GC or for another DEL."""
    try:
        backups = Backups(call, kernel)
    except CNIError:
        return  # ADD refuses such a place, so that nothing is there
    backup = backups.find()
    try:
        if backup:
            restore(call, kernel, backup)
    except (CNIError, OSError) as error:
        note(call, f"not everything is as it was before: {error}")
    else:
        backups.remove()


def restore(call: Call, kernel: Kernel, backup: Backup) -> None:
    """What is there of it; nothing without the namespace, or if it is another by now. Raises CNIError, OSError."""
    container = find_container(kernel, call.netns)
    if container is None:
        return
    with container:
        if backup.is_from(container.lasting_identity):
            put_back(container, container.rtnl.find_link(call.ifname), backup)
