"""RESTORE, for `poplin reload`: the delegate's, if it is one of ours."""

from __future__ import annotations

from poplin.plugins.flannel.delegation import recall_today
from poplin.plugins.flannel.scratch import Scratch
from poplin.plugins.kit.delegate import restore

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable; what the reference attached is restored as well. Raises CNIError."""
    content = Scratch(call, kernel).find()
    if content is not None:
        delegated = recall_today(call, content, call.get_prev_result())
        restore(delegated, kernel, delegated.config.type)
