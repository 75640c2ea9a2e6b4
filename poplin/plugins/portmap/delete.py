"""DEL: take the ports back; needs neither prevResult nor the ports, and goes on when a step fails."""

from __future__ import annotations

from poplin.plugins.kit.teardown import Teardown
from poplin.plugins.portmap.publish import is_publisher, unpublish
from poplin.spec.errors import CNIError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable."""
    with Teardown() as teardown:
        if kernel.host.has_table("inet poplin") and is_publisher(call, kernel):
            teardown.run(unpublish, call, kernel)
        elif names_ports(call):
            from poplin.plugins.kit.reference import remove_reference_ports  # on a node that has just changed to us

            teardown.run(remove_reference_ports, call, kernel)


def names_ports(call: Call) -> bool:
    """Whether the runtime says that there are any; the reference leaves ports it is not told of as well."""
    try:
        return bool(call.fields.fields("runtimeConfig").objects("portMappings"))
    except CNIError:
        return True
