"""DEL: have the delegate detach with what it was told at ADD; needs no subnet, and no settings."""

from __future__ import annotations

from poplin.plugins.flannel.delegation import recall
from poplin.plugins.flannel.scratch import Scratch
from poplin.plugins.kit.container import find_container
from poplin.plugins.kit.delegate import delegate
from poplin.plugins.kit.skel import note
from poplin.spec.errors import CNIError, DecodingFailure, IncompatibleVersion, InvalidConfig, UnsupportedField

TYPE_CHECKING = False
if TYPE_CHECKING:
    from poplin.linux.kernel import Kernel
    from poplin.spec.call import Call

# What a delegate says to a configuration, and not to what it finds; one that is not there is the first.
REFUSALS = [each.code for each in (InvalidConfig, DecodingFailure, UnsupportedField, IncompatibleVersion)]


def run(call: Call, kernel: Kernel) -> None:
    """Repeatable; if the delegate fails, what it was told is kept for the next time. Raises the delegate's error."""
    try:
        scratch = Scratch(call, kernel)
    except CNIError:
        return  # ADD refuses such a place, so that nothing is there
    content = scratch.find()
    if content is not None:
        try:
            delegated = recall(call, content)
        except CNIError as error:
            note(call, f"there is no way to know what to detach: {error}")
            return
        detach(call, kernel, delegated)
    scratch.remove()


def detach(call: Call, kernel: Kernel, delegated: Call) -> None:
    """The delegate's DEL. What it refuses it has refused at ADD, or else the container has the interface. Raises
    CNIError."""
    try:
        delegate(delegated, kernel, "DEL", delegated.config.type)
    except CNIError as error:
        if error.code not in REFUSALS or is_attached(call, kernel):
            raise
        note(call, f"nothing is attached, and {delegated.config.type!r} would not detach it: {error}")


def is_attached(call: Call, kernel: Kernel) -> bool:
    """Whether the container has the interface. Raises OSError."""
    container = find_container(kernel, call.netns)
    if container is None:
        return False
    with container:
        return container.rtnl.find_link(call.ifname) is not None
