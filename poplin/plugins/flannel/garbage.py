"""GC: the delegate's, and then what it was told about attachments of this network that are not valid any more."""

from __future__ import annotations

from poplin.plugins.flannel.delegation import make_delegated
from poplin.plugins.flannel.generate import generate_base
from poplin.plugins.flannel.scratch import Scratch
from poplin.plugins.flannel.settings import Settings
from poplin.plugins.kit.delegate import delegate
from poplin.plugins.kit.teardown import Teardown
from poplin.spec.errors import CNIError
from poplin.spec.netlist import inject

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call

LISTS = ("cni.dev/valid-attachments", "cni.dev/attachments")  # of the specification, and of the reference's library


def run(call: Call, kernel: Kernel) -> None:
    """Needs no subnet. Goes on at errors; the first is raised in the end."""
    valid = call.valid_attachments()
    try:
        scratch = Scratch(call, kernel)
    except CNIError:
        return  # ADD refuses such a place, so that nothing is there
    with Teardown() as teardown:
        teardown.run(collect, call, kernel)
        for path in scratch.list_unlisted(valid):
            teardown.run(scratch.discard_stale, path)


def collect(call: Call, kernel: Kernel) -> None:
    """Have the delegate do it. Raises CNIError."""
    settings = Settings(call)
    lists = {key: call.fields.sequence(key) for key in LISTS if key in call.fields}
    delegate(make_delegated(call, inject(generate_base(call, settings), lists)), kernel, "GC", settings.type)
