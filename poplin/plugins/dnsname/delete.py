"""DEL: forget the container's names, whoever wrote them down; needs no namespace, no settings and no bridge."""

from __future__ import annotations

from poplin.plugins.dnsname.keep import forget
from poplin.plugins.dnsname.names import find_name
from poplin.plugins.dnsname.place import list_places
from poplin.plugins.dnsname.records import own_lines
from poplin.plugins.kit.attachment import find_told_addresses
from poplin.plugins.kit.teardown import Teardown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. Raises CNIError."""
    told = find_told_addresses(call)
    is_own = own_lines(call.key, find_name(call), None if told is None else [each.ip for each in told])
    with Teardown() as teardown:
        for place in list_places(call, kernel):
            teardown.run(forget, kernel, place, is_own)
