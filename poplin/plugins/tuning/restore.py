"""The way back: an interface and switches as a backup has them, as far as they are still there."""

from __future__ import annotations

from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.tuning.attributes import set_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.netns import Namespace
    from poplin.linux.wire.link import Link
    from poplin.plugins.tuning.backup import Backup

EMPTY = "\n"  # the kernel takes no notice of nothing


def put_back(container: Namespace, link: Link | None, backup: Backup) -> None:
    """Everything, whatever of it fails. Raises CNIError."""
    with Teardown() as teardown:
        if link:  # a message for each, as the kernel stops at the first that it refuses, and all in one send
            requests = [set_attributes(link, {name: value}) for name, value in backup.attributes.items()]
            teardown.run(container.rtnl.apply, *requests)
        for path, value in backup.switches.items():
            teardown.run(put_back_switch, container, path, value)


def put_back_switch(container: Namespace, path: str, value: str) -> None:
    """Unless it went with its interface. Raises OSError."""
    try:
        if container.read_sysctl(path) != value:
            container.write_sysctl(path, value or EMPTY)
    except FileNotFoundError:
        return
