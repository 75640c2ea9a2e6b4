"""ADD: write the delegate's configuration, keep it, and have it attach."""

from __future__ import annotations

from poplin.plugins.flannel.delegation import make_delegated
from poplin.plugins.flannel.generate import generate
from poplin.plugins.flannel.scratch import Scratch
from poplin.plugins.flannel.settings import Settings
from poplin.plugins.flannel.subnet import read_subnet
from poplin.plugins.kit.delegate import delegate_add, require_installed
from poplin.plugins.kit.undo import Undo
from poplin.spec.jsontext import dumps

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call


def run(call: Call, kernel: Kernel) -> dict[str, object]:
    """The delegate's answer. Raises PluginNotAvailable without a subnet, or the delegate's error: what it was told
    stays then, as it may have left something for DEL, unless it was told something before."""
    settings = Settings(call)
    delegated = make_delegated(call, generate(call, settings, read_subnet(settings.subnet_file)))
    scratch = Scratch(call, kernel)
    require_installed(delegated, kernel, settings.type)
    with Undo() as undo:
        keep_earlier(scratch, undo)
        scratch.write(dumps(delegated.config.source).encode())
        return call.reply(delegate_add(delegated, kernel, settings.type))


def keep_earlier(scratch: Scratch, undo: Undo) -> None:
    """If this ADD fails the attachment is still what another one made it, perhaps one of the reference's."""
    earlier = scratch.find_own()
    if earlier is not None:
        undo.push(scratch.write, earlier)
    elif scratch.find_reference() is not None:
        undo.push(scratch.discard, scratch.own)
