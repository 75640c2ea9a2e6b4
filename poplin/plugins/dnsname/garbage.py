"""GC: forget the names of this network's attachments that are not valid any more, and have the others served."""

from __future__ import annotations

from poplin.plugins.dnsname.keep import forget
from poplin.plugins.dnsname.place import list_places
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.plugins.dnsname.records import Line
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Lines of the reference's do not say whose they are, and stay. Goes on at errors; the first is raised in the
    end."""
    valid = {f"{call.config.name}/{container_id}/{ifname}" for container_id, ifname in call.valid_attachments()}

    def is_stale(line: Line) -> bool:
        return bool(line.key) and line.key not in valid

    with Teardown() as teardown:
        for place in list_places(call, kernel):
            teardown.run(forget, kernel, place, is_stale)
