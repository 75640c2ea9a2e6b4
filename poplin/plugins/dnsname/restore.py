"""RESTORE, for `poplin reload`: have the names written down and served again, from the result of ADD."""

from __future__ import annotations

from poplin.plugins.dnsname import add

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable. Raises CNIError."""
    add.run(call, kernel)
